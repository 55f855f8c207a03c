package server

import (
	"slices"
	"strings"
	"testing"
)

// What a volume is made of is judged alike in a Pod and in a PersistentVolume, which is in no namespace and so has to
// state those of its Secrets.
func TestVolumeSources(t *testing.T) {
	const iqn = "iqn.2001-04.com.example:disk"
	long := strings.Repeat("a", 61)
	for _, c := range []struct {
		source string
		want   string // fields of the source; "." is the source itself
		more   string // what a PersistentVolume lacks besides
	}{
		{"hostPath: {path: /data, type: Directory}", "", ""},
		{"hostPath: {path: ''}", "path", ""},
		{"hostPath: {path: /a/../b}", "path", ""},
		{"gcePersistentDisk: {pdName: a, partition: 1}", "", ""},
		{"gcePersistentDisk: {pdName: '', partition: 256}", "partition pdName", ""},
		{"awsElasticBlockStore: {volumeID: '', partition: -1}", "partition volumeID", ""},
		{"nfs: {server: '', path: ''}", "path server", ""},
		{"nfs: {server: a, path: b}", "path", ""},
		{"iscsi: {targetPortal: a, iqn: " + iqn + ", lun: 1, initiatorName: eui.0123456789abcdef}", "", ""},
		{"iscsi: {targetPortal: '', iqn: '', lun: 256}", "iqn lun targetPortal", ""},
		{"iscsi: {targetPortal: a, iqn: iqn.2001-04.com, lun: 0}", "iqn", ""},
		{"iscsi: {targetPortal: a, iqn: naa.0123456789abcdef, lun: 0}", "iqn", ""},
		{"iscsi: {targetPortal: a, iqn: " + iqn + ", lun: 0, initiatorName: ''}", "initiatorName", ""},
		{"iscsi: {targetPortal: a, iqn: " + iqn + ", lun: 0, initiatorName: disk}", "initiatorName", ""},
		{"iscsi: {targetPortal: " + long + ", iqn: " + iqn + ", lun: 0, initiatorName: " + iqn + "}", "targetPortal", ""},
		{"iscsi: {targetPortal: " + long + ", iqn: " + iqn + ", lun: 0}", "", ""},
		{"iscsi: {targetPortal: a, iqn: " + iqn + ", lun: 0, chapAuthSession: true}", "secretRef", ""},
		{"iscsi: {targetPortal: a, iqn: " + iqn + ", lun: 0, chapAuthSession: true, secretRef: {}}", "", "secretRef.name"},
		{"glusterfs: {endpoints: '', path: ''}", "endpoints path", ""},
		{"flocker: {datasetName: a}", "", ""},
		{"flocker: {datasetName: a/b}", "datasetName", ""},
		{"flocker: {datasetName: a, datasetUUID: b}", ".", ""},
		{"rbd: {monitors: [], image: ''}", "image monitors", ""},
		{"cephfs: {monitors: []}", "monitors", ""},
		{"cinder: {volumeID: a, secretRef: {name: a}}", "", "secretRef.namespace"},
		{"cinder: {volumeID: '', secretRef: {}}", "secretRef.name volumeID", "secretRef.namespace"},
		{"quobyte: {registry: 'a:1,b:2', volume: a}", "", ""},
		{"quobyte: {registry: 'a:1,b', volume: ''}", "registry volume", ""},
		{"quobyte: {registry: a:1, volume: a, tenant: " + long + "aaaa}", "tenant", ""},
		{"fc: {wwids: [a]}", "", ""},
		{"fc: {}", "targetWWNs", ""},
		{"fc: {targetWWNs: [a]}", "lun", ""},
		{"flexVolume: {driver: '', options: {a.kubernetes.io/b: c}}", "driver options.\"a.kubernetes.io/b\"", ""},
		{"azureFile: {secretName: '', shareName: ''}", "secretName shareName", ""},
		{"vsphereVolume: {volumePath: ''}", "volumePath", ""},
		{"photonPersistentDisk: {pdID: ''}", "pdID", ""},
		{"portworxVolume: {volumeID: ''}", "volumeID", ""},
		{"azureDisk: {diskName: a, diskURI: https://disks.example.com/a}", "", ""},
		{"azureDisk: {diskName: a, diskURI: /subscriptions/a, kind: Managed}", "", ""},
		{"azureDisk: {diskName: '', diskURI: /subscriptions/a}", "diskName diskURI", ""},
		{"azureDisk: {diskName: a, diskURI: https://disks.example.com/a, kind: Managed}", "diskURI", ""},
		{"storageos: {volumeName: A, volumeNamespace: B, secretRef: {}}", "secretRef.name volumeName volumeNamespace", "secretRef.namespace"},
		{"storageos: {}", "volumeName", ""},
		{"scaleIO: {gateway: '', system: '', secretRef: {name: a, namespace: b}}", "gateway system volumeName", ""},
		{"csi: {driver: csi_a}", "driver", ""},
		{"csi: {driver: csi.example.com, nodePublishSecretRef: {name: A, namespace: a}}", "nodePublishSecretRef.name", ""},
		{"csi: {driver: csi.example.com, nodePublishSecretRef: {}}", "nodePublishSecretRef.name", "nodePublishSecretRef.namespace"},
	} {
		kind, _, _ := strings.Cut(c.source, ":")
		volume := objectOf("v1 PersistentVolume", "spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], "+c.source+"}")
		for _, of := range []struct{ name, text, above, want string }{
			{"Pod", podOf("volumes: [{name: vol, " + c.source + "}]\n" + web), invalidVolume + " spec.volumes[0].", c.want},
			{"PersistentVolume", volume, invalidStorage + " spec.", c.want + " " + c.more},
		} {
			var want []string
			for field := range strings.FieldsSeq(of.want) {
				want = append(want, strings.TrimSuffix(of.above+kind+"."+field, ".."))
			}
			slices.Sort(want)
			got := slices.DeleteFunc(placesOf(judgedAt(t, of.text, 36)), func(place string) bool { return strings.HasPrefix(place, deprecatedPod) })
			if !slices.Equal(got, want) {
				t.Errorf("a %s with %s: %q, want %q", of.name, c.source, got, want)
			}
		}
	}
}

// Beside another source a flexVolume of a PersistentVolume is not seen, and one of a Pod is.
func TestSecondVolumeSource(t *testing.T) {
	const two = "nfs: {server: a, path: /}, flexVolume: {driver: a}"
	if got := placesOf(judgedAt(t, podOf("volumes: [{name: vol, "+two+"}]\n"+web), 36)); !slices.Equal(got, []string{invalidVolume + " spec.volumes[0].flexVolume"}) {
		t.Errorf("a Pod: %q", got)
	}
	volume := objectOf("v1 PersistentVolume", "spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], "+two+"}")
	if got := placesOf(judgedAt(t, volume, 36)); len(got) > 0 {
		t.Errorf("a PersistentVolume: %q", got)
	}
}
