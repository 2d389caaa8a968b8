package main

import (
	"bytes"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
)

func TestJSONVersions(t *testing.T) {
	body := `{"apiVersion":"autoscaling/v2beta2","kind":"HorizontalPodAutoscaler","metadata":{"name":"a"}}`
	converted := string(toNew([]byte(body)))
	if !strings.Contains(converted, `"apiVersion":"autoscaling/v2"`) {
		t.Fatalf("not converted: %s", converted)
	}
	if back := string(toOld([]byte(converted))); back != body {
		t.Fatalf("not converted back: %s", back)
	}
}

func TestProtobufVersion(t *testing.T) {
	object := runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: oldVersion, Kind: "X"}, Raw: []byte{1, 2, 3}}
	encoded, err := object.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	converted := toNew(append(bytes.Clone(protobufMagic), encoded...))
	var found runtime.Unknown
	if err := found.Unmarshal(converted[len(protobufMagic):]); err != nil {
		t.Fatal(err)
	}
	if found.APIVersion != newVersion || found.Kind != "X" || !bytes.Equal(found.Raw, object.Raw) {
		t.Fatalf("converted to %v", found)
	}
	if broken := append(bytes.Clone(protobufMagic), 0xff); !bytes.Equal(toNew(broken), broken) {
		t.Fatal("what is not understood must pass unchanged")
	}
}
