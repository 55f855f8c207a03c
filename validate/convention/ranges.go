package convention

import (
	"net/netip"
	"slices"
	"strings"

	"sluice/validate"
)

// ranges reads the address ranges of a cluster: one, or two with a comma between them.
func ranges(text string) []netip.Prefix {
	var all []netip.Prefix
	for one := range strings.SplitSeq(text, ",") {
		if p, err := netip.ParsePrefix(strings.TrimSpace(one)); err == nil {
			all = append(all, p.Masked())
		}
	}
	return all
}

// within says whether all addresses of a range are in another.
func within(inner, outer netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// private are the ranges that no address of the internet is in: RFC 1918, 6598, 3927, 4193 and 4291.
var private = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7", "fe80::/10"}

// public says whether a range is wider than what one network has: it holds addresses of the internet, and no few of them.
func public(block netip.Prefix) bool {
	return block.Bits() <= 8 && !slices.ContainsFunc(private, func(p string) bool { return within(block, netip.MustParsePrefix(p)) })
}

// covered says whether every address of a range is in one of others.
func covered(p netip.Prefix, by []netip.Prefix) bool {
	overlaps := false
	for _, other := range by {
		if within(p, other) {
			return true
		}
		overlaps = overlaps || p.Overlaps(other)
	}
	if !overlaps || p.Bits() == p.Addr().BitLen() {
		return false
	}
	low, high := halves(p)
	return covered(low, by) && covered(high, by)
}

// halves splits a range in two.
func halves(p netip.Prefix) (low, high netip.Prefix) {
	bits := p.Bits()
	raw := p.Masked().Addr().AsSlice()
	low = netip.PrefixFrom(p.Masked().Addr(), bits+1)
	raw[bits/8] |= 1 << (7 - bits%8)
	addr, _ := netip.AddrFromSlice(raw)
	return low, netip.PrefixFrom(addr, bits+1)
}

// block is what an ipBlock holds: the addresses of a range but for others.
type block struct {
	netip.Prefix
	except []netip.Prefix
}

// blockOf reads the ipBlock of a peer, if it has one that can be read.
func blockOf(peer any) (block, bool) {
	whole, err := netip.ParsePrefix(validate.TextAt(peer, "ipBlock", "cidr"))
	b := block{Prefix: whole}
	for _, text := range validate.TextsAt(peer, "ipBlock", "except") {
		if one, err := netip.ParsePrefix(text); err == nil {
			b.except = append(b.except, one)
		}
	}
	return b, err == nil
}

// holds says whether a block has addresses of a range.
func (b block) holds(p netip.Prefix) bool {
	if p.Bits() < b.Bits() {
		p = b.Prefix
	}
	return b.Overlaps(p) && !covered(p, b.except)
}
