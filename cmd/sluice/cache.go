package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sluice/cmd/internal/report"
	"sluice/render"
	"sluice/render/store"
)

// cacheVariable names the cache's directory where no flag does.
const cacheVariable = "SLUICE_CACHE"

// cachePlace is the value of --cache. It knows that it was given: an empty one is a mistake, none is the default.
type cachePlace struct {
	dir   string
	given bool
}

// String, Set and Type make it a flag's value, see [pflag.Value].
func (c *cachePlace) String() string { return c.dir }

func (c *cachePlace) Set(dir string) error {
	*c = cachePlace{dir: dir, given: true}
	return nil
}

func (c *cachePlace) Type() string { return "dir" }

// cacheFlag is that of the verbs that read or fill the cache of sources.
func (v *invocation) cacheFlag(f *pflag.FlagSet) {
	f.Var(&v.cache, "cache", "`dir`ectory of the cache of sources; the default is $"+cacheVariable+", else sluice in the user's cache directory")
}

// store opens the cache of sources: that of --cache, else of the environment, else of the user. It makes nothing.
func (v *invocation) store() (*store.Store, error) {
	dir, err := v.cacheDir()
	if err != nil {
		return nil, err
	}
	return &store.Store{Dir: dir, Now: time.Now}, nil
}

// cacheDir gives an absolute path, so that what is said of the cache holds in any directory.
func (v *invocation) cacheDir() (string, error) {
	if v.cache.given {
		if v.cache.dir == "" {
			return "", &render.Error{Err: errors.New("--cache is empty"), Hint: "is a variable of the script not set?"}
		}
		dir, err := filepath.Abs(v.cache.dir)
		if err != nil {
			return "", fmt.Errorf("finding the directory of --cache: %w", err)
		}
		return dir, nil
	}
	// Empty counts as not set, as with XDG_CACHE_HOME. A relative path is refused, as os.UserCacheDir does with that:
	// it would be another cache in each directory, and with -C not even the one that the user sees.
	if dir := os.Getenv(cacheVariable); filepath.IsAbs(dir) {
		return filepath.Clean(dir), nil
	} else if dir != "" {
		return "", &render.Error{
			Err:  fmt.Errorf("finding the cache: $%s is %q, which is no absolute path", cacheVariable, dir),
			Hint: fmt.Sprintf("set it to \"$PWD/%s\", or give --cache", filepath.ToSlash(filepath.Clean(dir))),
		}
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", &render.Error{
			Err:  fmt.Errorf("finding the user's cache directory: %w", err),
			Hint: fmt.Sprintf("give --cache DIR or set %s", cacheVariable),
		}
	}
	return filepath.Join(dir, "sluice"), nil
}

// cacheVerb is the verb about the cache of sources. No other verb needs it: a damaged entry is found and fetched again
// by whoever reads it.
func cacheVerb(v *invocation) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "Show, verify or shrink the cache of sources",
		Long: "The cache keeps charts, git trees and files under their digests, for all stacks of a user. Every read verifies\n" +
			"them, several processes may use it at once, and all of it may be deleted at any time.",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownVerb(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	for _, sub := range []*cobra.Command{cachePath(v), cacheVerify(v), cacheGC(v)} {
		v.cacheFlag(sub.Flags())
		cmd.AddCommand(sub)
	}
	return cmd
}

func cachePath(v *invocation) *cobra.Command {
	return &cobra.Command{
		Use:     "path",
		Short:   "Print the directory of the cache",
		Long:    "path prints the directory of the cache, whether or not it is there yet.",
		Example: "  sluice cache path\n  du -sh \"$(sluice cache path)\"",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := v.cacheDir()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(v.out, dir)
			return err
		},
	}
}

// verified is the form of a verification for machines.
type verified struct {
	Cache     string         `json:"cache"`
	Entries   int            `json:"entries"`
	Bytes     int64          `json:"bytes"`
	Damaged   []damagedEntry `json:"damaged"`
	Temporary int            `json:"temporary"`
	Foreign   []string       `json:"foreign"`
}

type damagedEntry struct {
	Path    string `json:"path"`
	Digest  string `json:"digest"`
	Reason  string `json:"reason"`
	Removed bool   `json:"removed"`
}

func cacheVerify(v *invocation) *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Read every entry of the cache and remove those that are damaged",
		Long: "verify compares every entry with its digest. A damaged one is named and removed, to be fetched again when it is\n" +
			"needed; the exit code is then 1. Files that are not the cache's are listed and left alone.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--output", form, "table", "json"); err != nil {
				return err
			}
			cache, err := v.store()
			if err != nil {
				return err
			}
			// What was seen is said also where some entry could not be read: what was removed is gone.
			seen, err := cache.Verify(cmd.Context())
			if err := errors.Join(err, v.sayVerified(form, cache.Dir, seen)); err != nil {
				return err
			}
			if len(seen.Damaged) > 0 {
				return errDifferent
			}
			return nil
		},
	}
	output(cmd, &form, "table", "json")
	return cmd
}

func (v *invocation) sayVerified(form, dir string, seen store.Report) error {
	made := verified{
		Cache: dir, Entries: seen.Entries, Bytes: seen.Bytes, Damaged: []damagedEntry{},
		Temporary: seen.Temporary, Foreign: foreign(seen.Foreign),
	}
	for _, d := range seen.Damaged {
		made.Damaged = append(made.Damaged, damagedEntry{Path: d.Path, Digest: d.Digest, Reason: d.Reason, Removed: d.Kept == nil})
	}
	if form == "json" {
		return report.JSON(v.out, made)
	}
	err := report.Table(v.out, [][]string{
		{"SOUND", "BYTES", "DAMAGED", "TEMPORARY", "FOREIGN"},
		{
			strconv.Itoa(made.Entries), strconv.FormatInt(made.Bytes, 10), strconv.Itoa(len(made.Damaged)),
			strconv.Itoa(made.Temporary), strconv.Itoa(len(made.Foreign)),
		},
	})
	// Said on stdout, as a result: --quiet must not hide what made the exit code 1.
	for _, d := range seen.Damaged {
		fmt.Fprintln(v.out, d)
	}
	for _, name := range made.Foreign {
		v.note("foreign, left alone: %s", name)
	}
	return err
}

// foreign leaves out what is in the cache and not of it. A tool is used for as long as it is asked for, and its own verb
// verifies it; what a comparison said is an entry like any other, and only its key is elsewhere.
func foreign(names []string) []string {
	return slices.DeleteFunc(append([]string{}, names...), func(name string) bool {
		return name == toolsDir+"/" || name == outcomesDir+"/"
	})
}

// swept is the form of a collection for machines.
type swept struct {
	Cache        string   `json:"cache"`
	Removed      int      `json:"removed"`
	RemovedBytes int64    `json:"removedBytes"`
	Kept         int      `json:"kept"`
	KeptBytes    int64    `json:"keptBytes"`
	Temporary    int      `json:"temporary"`
	Foreign      []string `json:"foreign"`
}

func cacheGC(v *invocation) *cobra.Command {
	var form string
	var olderThan time.Duration
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Remove the entries of the cache that are no longer used",
		Long: "gc removes the entries that were not read for some time, and what interrupted processes left behind. Times of use\n" +
			"are kept to the day. It may run beside other processes: what they miss, they fetch again.",
		Example: "  sluice cache gc\n  sluice cache gc --older-than 168h\n  sluice cache gc --older-than 0s",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--output", form, "table", "json"); err != nil {
				return err
			}
			if olderThan < 0 {
				return fmt.Errorf("--older-than %s: an age is not negative", olderThan)
			}
			cache, err := v.store()
			if err != nil {
				return err
			}
			done, err := cache.GC(cmd.Context(), olderThan, time.Now())
			return errors.Join(err, v.saySwept(form, cache.Dir, done))
		},
	}
	output(cmd, &form, "table", "json")
	cmd.Flags().DurationVar(&olderThan, "older-than", 30*24*time.Hour, "remove what was not used for this `duration`; 0s removes every entry")
	return cmd
}

func (v *invocation) saySwept(form, dir string, done store.Swept) error {
	if form == "json" {
		return report.JSON(v.out, swept{
			Cache: dir, Removed: done.Removed, RemovedBytes: done.RemovedBytes, Kept: done.Kept, KeptBytes: done.KeptBytes,
			Temporary: done.Temporary, Foreign: foreign(done.Foreign),
		})
	}
	for _, name := range foreign(done.Foreign) {
		v.note("foreign, left alone: %s", name)
	}
	return report.Table(v.out, [][]string{
		{"REMOVED", "BYTES", "KEPT", "BYTES", "TEMPORARY", "FOREIGN"},
		{
			strconv.Itoa(done.Removed), strconv.FormatInt(done.RemovedBytes, 10),
			strconv.Itoa(done.Kept), strconv.FormatInt(done.KeptBytes, 10),
			strconv.Itoa(done.Temporary), strconv.Itoa(len(foreign(done.Foreign))),
		},
	})
}
