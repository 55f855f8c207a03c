package kustomize_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"sluice/render"
	"sluice/render/helm"
)

// TestMain lets the test's own program stand for kustomize and helm: it is started again under the name of an actor. An
// actor knows what to do by its name alone, because it is given no environment.
func TestMain(m *testing.M) {
	name, ok := strings.CutPrefix(filepath.Base(os.Args[0]), actorPrefix)
	if !ok {
		os.Exit(m.Run())
	}
	if err := actors()[name](); err != nil {
		fmt.Fprintln(os.Stderr, "Error: "+err.Error())
		os.Exit(1)
	}
}

const actorPrefix = "actor-"

// note is a file beside the actor, where it can leave something for the test.
func note(name string) string { return filepath.Join(filepath.Dir(os.Args[0]), name) }

// object is what actors print that print a good object.
const object = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n"

func actors() map[string]func() error {
	say := func(text string) func() error {
		return func() error {
			_, err := io.WriteString(os.Stdout, text)
			return err
		}
	}
	return map[string]func() error{
		"kustomize": kustomizeMain,
		"helm":      helmMain,
		"nothing":   say(""),
		"garbage":   say("a: [\n"),
		"cut":       say(object + "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: tw"),
		"short":     say(object),
		"other":     say(object + "data: {a: b}\n---\n" + strings.Replace(object, "one", "two", 1)),
		"silent":    func() error { os.Exit(3); return nil },
		"half": func() error {
			_, _ = io.WriteString(os.Stdout, object+"---\n")
			self, err := os.FindProcess(os.Getpid())
			return errors.Join(err, self.Kill(), errors.New("and lives"))
		},
		"endless": func() error {
			out := bufio.NewWriter(os.Stdout)
			for {
				if _, err := out.WriteString("# and more\n"); err != nil {
					return err
				}
			}
		},
		"hang":  hang,
		"leave": leave,
		"sleep": func() error { time.Sleep(time.Minute); return nil },
		"secret": func() error {
			dir := os.Args[len(os.Args)-1]
			return fmt.Errorf("accumulating resources:  Helm stack trace:\nError: no such thing\n\nHelm template:\npassword: hunter2\n: unable to run: "+
				"'/bin/helm template x -f %s/v.yaml' with env=[HELM_CONFIG_HOME=%s HELM_CACHE_HOME=x] (is '/bin/helm' installed?): signal: killed", dir, dir)
		},
		"panic": func() error { panic("it went wrong") },
		"pull": func() error {
			_ = os.MkdirAll(filepath.Join(os.Args[len(os.Args)-1], "charts", "web-9"), 0o700)
			return errors.Join(os.WriteFile(filepath.Join(os.Args[len(os.Args)-1], "charts", "web-9", "Chart.yaml"), nil, 0o600), say(object)())
		},
		"change": func() error {
			return errors.Join(os.WriteFile(filepath.Join(os.Args[len(os.Args)-1], "a.yaml"), []byte("x"), 0o600), say(object)())
		},
		"lock": func() error {
			dir := os.Args[len(os.Args)-1]
			return errors.Join(os.Chmod(dir, 0o500), say(object+"---\n"+strings.Replace(object, "one", "two", 1))())
		},
		"flaky": func() error {
			if _, err := os.Stat(note("flaky")); err == nil {
				return say(object + "---\n" + strings.Replace(object, "one", "two", 1))()
			}
			return errors.Join(os.WriteFile(note("flaky"), nil, 0o600), say(object)())
		},
		"told": told,
	}
}

// told leaves what it was started with.
func told() error {
	given, err := io.ReadAll(os.Stdin)
	list := fmt.Sprintf("stdin %d\n%s\n%s\n", len(given), strings.Join(os.Args[1:], "\n"), strings.Join(os.Environ(), "\n"))
	for _, e := range os.Environ() {
		if dir, ok := strings.CutPrefix(e, "PATH="); ok {
			found, _ := os.ReadDir(dir)
			list += fmt.Sprintf("programs %d\n", len(found))
		}
	}
	root := filepath.Dir(filepath.Dir(os.Args[len(os.Args)-1]))
	walk := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		list += fmt.Sprintf("%v %s\n", info.Mode(), strings.TrimPrefix(name, root))
		return err
	})
	return errors.Join(err, walk, os.WriteFile(note("told"), []byte(list), 0o600), errors.New("told"))
}

// sleeper starts a program that outlives this one.
func sleeper(hold bool) error {
	cmd := exec.Command(note(actorPrefix + "sleep"))
	if hold {
		cmd.Stdout = os.Stdout
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	return os.WriteFile(note("pids"), []byte(strconv.Itoa(os.Getpid())+" "+strconv.Itoa(cmd.Process.Pid)), 0o600)
}

// hang starts another program and sleeps.
func hang() error {
	if err := sleeper(true); err != nil {
		return err
	}
	time.Sleep(time.Minute)
	return nil
}

// leave ends well, and another program lives on.
func leave() error {
	if err := sleeper(false); err != nil {
		return err
	}
	_, err := io.WriteString(os.Stdout, object)
	return err
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// kustomizeMain is the real kustomize on the real file system: it executes helm itself.
func kustomizeMain() error {
	flags := flag.NewFlagSet("build", flag.ContinueOnError)
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	config := types.DisabledPluginConfig()
	flags.BoolVar(&config.HelmConfig.Enabled, "enable-helm", false, "")
	flags.StringVar(&config.HelmConfig.Command, "helm-command", "helm", "")
	flags.StringVar(&config.HelmConfig.KubeVersion, "helm-kube-version", "", "")
	flags.Var((*list)(&config.HelmConfig.ApiVersions), "helm-api-versions", "")
	if err := flags.Parse(os.Args[2:]); err != nil {
		return err
	}
	options.PluginConfig = config
	objects, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), flags.Arg(0))
	if err != nil {
		return err
	}
	text, err := objects.AsYaml()
	if err == nil {
		_, err = os.Stdout.Write(text)
	}
	return err
}

// helmMain is helm's template and version; another verb is left as a note and fails.
func helmMain() error {
	if os.Args[1] == "version" {
		_, err := fmt.Println("v" + helm.Version3)
		return err
	}
	if os.Args[1] != "template" {
		return errors.Join(os.WriteFile(note("pulled"), []byte(strings.Join(os.Args, " ")), 0o600), errors.New("helm must not "+os.Args[1]))
	}
	r := render.Release{Name: "release-name", Namespace: "default", Dir: os.DirFS("/")}
	flags := flag.NewFlagSet("template", flag.ContinueOnError)
	flags.StringVar(&r.Namespace, "namespace", r.Namespace, "")
	flags.StringVar(&r.Name, "name-template", r.Name, "")
	flags.StringVar(&r.Capabilities.KubeVersion, "kube-version", "", "")
	flags.Var((*list)(&r.Values.Files), "f", "")
	flags.Var((*list)(&r.Capabilities.APIVersions), "api-versions", "")
	includes := flags.Bool("include-crds", false, "")
	flags.Bool("debug", false, "")
	flags.Bool("devel", false, "")
	flags.BoolVar(&r.SkipTests, "skip-tests", false, "")
	flags.BoolVar(&r.SkipHooks, "no-hooks", false, "")
	args := os.Args[2:]
	if args[0] != "--generate-name" {
		r.Name = args[0]
	}
	chart := args[1]
	if err := flags.Parse(args[2:]); err != nil {
		return err
	}
	r.SkipCRDs = !*includes
	slices.Sort(r.Capabilities.APIVersions)
	for i, file := range r.Values.Files {
		r.Values.Files[i] = strings.TrimPrefix(file, "/")
	}
	r.Chart.Name = chart
	err := filepath.WalkDir(chart, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		r.Chart.Files = append(r.Chart.Files, render.File{Path: strings.TrimPrefix(name, chart+"/"), Data: text})
		return err
	})
	if err != nil {
		return err
	}
	out, err := helm.Template3(context.Background(), r)
	if err == nil {
		_, err = os.Stdout.Write(out.YAML)
	}
	return err
}
