module bentobox.platform/lab/release-2026.11

go 1.26.4

// Nothing is built of it: unit tests render the charts and files in these modules.
require (
	github.com/cert-manager/cert-manager v1.21.2 // indirect
	github.com/kserve/kserve v0.20.0 // indirect
	istio.io/istio v0.0.0-20260423205519-b01690e6db7d // indirect
	knative.dev/caching v0.0.0-20260120130310-f1fc03b7f5ee // indirect
	knative.dev/networking v0.0.0-20260120131110-a7cdca238a0d // indirect
	knative.dev/serving v0.48.2 // indirect
	sigs.k8s.io/metrics-server v0.9.0 // indirect
)
