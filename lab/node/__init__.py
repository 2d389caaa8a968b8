"""The lab's own node: its namespaces, its processes, its add-ons."""
