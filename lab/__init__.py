"""A real single-node Kubernetes on a bare Linux machine, for trying and testing the collection."""
