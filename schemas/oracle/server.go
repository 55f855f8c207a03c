package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/capabilities"
	"sigs.k8s.io/yaml"
)

// minor of Kubernetes 1 whose code is linked; what was removed in it or before is not served.
const minor = 36

// server judges objects as the create call of the API server does, after authorization and admission and before the
// store: decode strictly, default, convert, and run the strategy of the kind.
type server struct {
	strategies map[schema.GroupKind]rest.RESTCreateStrategy
	yaml       runtime.SerializerInfo
}

func newServer() (*server, error) {
	apiextensions.Install(legacyscheme.Scheme)
	// Clusters are installed with it (--allow-privileged): without, no network plugin runs.
	capabilities.Initialize(capabilities.Capabilities{AllowPrivileged: true})
	info, ok := runtime.SerializerInfoForMediaType(legacyscheme.Codecs.SupportedMediaTypes(), runtime.ContentTypeYAML)
	if !ok {
		return nil, errors.New("the scheme has no serializer for YAML")
	}
	return &server{strategies: strategies(), yaml: info}, nil
}

// ask gives what the server has against an object, nothing where it takes it. The definition is that of its kind where
// that is a custom resource, and has itself to be accepted.
func (s *server) ask(object, definition []byte) ([]remark, error) {
	var head metav1.TypeMeta
	if err := yaml.Unmarshal(object, &head); err != nil {
		return nil, err
	}
	kind := head.GroupVersionKind()
	if definition == nil {
		return s.builtin(object, kind)
	}
	said, err := s.builtin(definition, schema.GroupVersionKind{
		Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition",
	})
	if err != nil {
		return nil, fmt.Errorf("asking about crd.yaml: %w", err)
	}
	if len(said) > 0 {
		return nil, fmt.Errorf("crd.yaml is refused: %v", said)
	}
	custom, err := s.customKind(definition, kind)
	if err != nil {
		return nil, fmt.Errorf("reading crd.yaml: %w", err)
	}
	return custom.ask(object)
}

// builtin judges an object of a kind that is compiled in.
func (s *server) builtin(object []byte, kind schema.GroupVersionKind) ([]remark, error) {
	versioned, err := legacyscheme.Scheme.New(kind)
	if runtime.IsNotRegisteredError(err) {
		return []remark{{kind: "NotServed", text: fmt.Sprintf("%s is not known", kind)}}, nil
	}
	if err != nil {
		return nil, err
	}
	if old, ok := versioned.(interface{ APILifecycleRemoved() (int, int) }); ok {
		if _, removed := old.APILifecycleRemoved(); removed <= minor {
			return []remark{{kind: "NotServed", text: fmt.Sprintf("%s is not served since 1.%d", kind, removed)}}, nil
		}
	}
	strategy := s.strategies[kind.GroupKind()]
	if strategy == nil {
		return nil, fmt.Errorf("no strategy is known for %s", kind.GroupKind())
	}
	hub := schema.GroupVersion{Group: kind.Group, Version: runtime.APIVersionInternal}
	decoded, _, err := legacyscheme.Codecs.DecoderToVersion(s.yaml.StrictSerializer, hub).Decode(object, nil, nil)
	if err != nil {
		return undecoded(err), nil
	}
	if svc, ok := decoded.(*core.Service); ok {
		allocate(&svc.Spec)
	}
	return create(strategy, decoded, kind)
}

// allocate does what the store of Services does on the way to the strategy (pkg/registry/core/service/storage), as far as
// the strategy asks for it and it needs no ranges of addresses and ports.
func allocate(spec *core.ServiceSpec) {
	if spec.ClusterIP != "" && len(spec.ClusterIPs) == 0 {
		spec.ClusterIPs = []string{spec.ClusterIP}
	}
	local := spec.ExternalTrafficPolicy == core.ServiceExternalTrafficPolicyLocal
	if spec.Type == core.ServiceTypeLoadBalancer && local && spec.HealthCheckNodePort == 0 {
		spec.HealthCheckNodePort = 32767
	}
}

// create does what the generic store does before it writes.
func create(strategy rest.RESTCreateStrategy, object runtime.Object, kind schema.GroupVersionKind) ([]remark, error) {
	about, err := meta.Accessor(object)
	if err != nil {
		return nil, err
	}
	ctx := request.NewContext()
	if strategy.NamespaceScoped() {
		if about.GetNamespace() == "" {
			about.SetNamespace(metav1.NamespaceDefault)
		}
		ctx = request.WithNamespace(ctx, about.GetNamespace())
	} else {
		about.SetNamespace(metav1.NamespaceNone)
		ctx = request.WithNamespace(ctx, metav1.NamespaceNone)
	}
	ctx = request.WithRequestInfo(ctx, &request.RequestInfo{
		IsResourceRequest: true, Verb: "create", APIGroup: kind.Group, APIVersion: kind.Version, Namespace: about.GetNamespace(),
	})
	// The server's own are random and of the clock, and some answers repeat them.
	about.SetUID("00000000-0000-4000-8000-000000000000")
	about.SetCreationTimestamp(metav1.Unix(1, 0))
	if about.GetGenerateName() != "" && about.GetName() == "" {
		about.SetName(about.GetGenerateName() + "00000") // the server's are random
	}
	return refused(ctx, strategy, object)
}

// refused runs the strategy and takes its answer apart.
func refused(ctx context.Context, strategy rest.RESTCreateStrategy, object runtime.Object) ([]remark, error) {
	err := rest.BeforeCreate(strategy, ctx, object)
	if err == nil {
		return nil, nil
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil || len(status.Status().Details.Causes) == 0 {
		return nil, err
	}
	var said []remark
	for _, c := range status.Status().Details.Causes {
		said = append(said, remark{field: c.Field, kind: string(c.Type), text: c.Message})
	}
	return said, nil
}

var (
	strictField = regexp.MustCompile(`^(?:unknown|duplicate) field "(.+)"$`)
	goField     = regexp.MustCompile(`Go struct field [A-Za-z0-9_]+\.(\S+) of type`)
)

// undecoded takes an error of a decoder apart. Only some of them name the field, and then without the indices of lists.
func undecoded(err error) []remark {
	strict, ok := runtime.AsStrictDecodingError(err)
	if !ok {
		r := remark{kind: "Decoding", text: err.Error()}
		var at *field.Error
		if errors.As(err, &at) {
			r.field = at.Field
		} else if m := goField.FindStringSubmatch(r.text); m != nil {
			r.field = m[1]
		}
		return []remark{r}
	}
	var said []remark
	for _, e := range strict.Errors() {
		r := remark{kind: "StrictDecoding", text: e.Error()}
		if m := strictField.FindStringSubmatch(r.text); m != nil {
			r.field = m[1]
		}
		said = append(said, r)
	}
	return said
}
