module bentobox.platform/lab/metrics-transformer

go 1.24.0
