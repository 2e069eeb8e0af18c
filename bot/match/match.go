// Package match finds the FAQ that a customer's text asks for. It is pure and
// in memory: questions become grouped, weighted features (Chinese characters,
// pairs of them, English stems, pieces of words), and a text is compared with
// all questions at once through an inverted index.
package match

import (
	"cmp"
	"hash/maphash"
	"math"
	"slices"

	"zongji/internal/zongji"
)

// Hit is one FAQ with the question of it that was nearest.
type Hit struct {
	FAQ   int64
	Score float64 // 0–1; 1 is the same text
	Via   string
}

// group is a kind of feature. Each group of a text is normalised by itself,
// so that a long sentence's pairs do not drown its characters.
type group uint8

const (
	chars group = iota // Chinese characters
	pairs              // two neighbouring ones
	skips              // two within a window, in any order
	stems              // English stems
	bits               // three letters of an English word
	groups
)

// weights of the groups, found on the validation splits of public intent
// sets in Chinese and English; single characters carry most.
var weights = [groups]float64{chars: 1, pairs: .4, skips: .4, stems: 1, bits: .55}

const window = 6 // characters within which skips are paired

// posting is one question that has a feature, with the feature's weight there.
type posting struct {
	question int32
	weight   float32
}

type question struct {
	faq  int32 // index into faqs
	text string
}

// Index is a built knowledge base. It is read-only and safe for concurrent use.
type Index struct {
	faqs      []int64
	questions []question
	exact     map[string]int32 // bare text → question
	ids       map[uint64]int32 // feature → its row
	idf       []float64
	postings  [][]posting
	unknown   float64 // idf of a feature that no question has
}

// New builds an index of the entries that are not disabled.
func New(entries []zongji.FAQ) *Index {
	ix := &Index{exact: map[string]int32{}, ids: map[uint64]int32{}}
	var docs [][]feature
	var df []int32
	var last []int32 // the FAQ that was counted last for a feature
	for i := range entries {
		e := &entries[i]
		if e.Disabled {
			continue
		}
		faq := int32(len(ix.faqs))
		ix.faqs = append(ix.faqs, e.ID)
		for _, text := range append([]string{e.Question}, e.Similar...) {
			norm := bare(Normal(text))
			if norm == "" {
				continue
			}
			if _, twice := ix.exact[norm]; !twice {
				ix.exact[norm] = int32(len(ix.questions))
			}
			ix.questions = append(ix.questions, question{faq, text})
			fs := features(norm)
			for k := range fs {
				id, ok := ix.ids[fs[k].hash]
				if !ok {
					id = int32(len(df))
					ix.ids[fs[k].hash] = id
					df, last = append(df, 0), append(last, -1)
				}
				if last[id] != faq {
					df[id]++
					last[id] = faq
				}
			}
			docs = append(docs, fs)
		}
	}
	n := float64(len(ix.faqs))
	ix.unknown = math.Log(1 + n)
	ix.idf = make([]float64, len(df))
	for i, d := range df {
		ix.idf[i] = math.Log(1 + n/float64(d))
	}
	ix.postings = make([][]posting, len(df))
	for q, fs := range docs {
		ix.weigh(fs)
		for _, f := range fs {
			id := ix.ids[f.hash]
			ix.postings[id] = append(ix.postings[id], posting{int32(q), float32(f.weight)})
		}
	}
	return ix
}

// Len returns the number of entries.
func (ix *Index) Len() int { return len(ix.faqs) }

// Find returns the k best entries for a text, the best first; equal scores
// stand in the order of the entries.
func (ix *Index) Find(text string, k int) []Hit {
	norm := bare(Normal(text))
	if norm == "" || len(ix.faqs) == 0 || k <= 0 {
		return nil
	}
	scores := ix.scores(norm)
	best := make([]int32, len(ix.faqs))
	for i := range best {
		best[i] = -1
	}
	for q := range ix.questions {
		f := ix.questions[q].faq
		if scores[q] > 0 && (best[f] < 0 || scores[q] > scores[best[f]]) {
			best[f] = int32(q)
		}
	}
	hits := make([]int32, 0, 64)
	for _, q := range best {
		if q >= 0 {
			hits = append(hits, q)
		}
	}
	slices.SortStableFunc(hits, func(a, b int32) int { return cmp.Compare(scores[b], scores[a]) })
	out := make([]Hit, min(k, len(hits)))
	for i := range out {
		q := ix.questions[hits[i]]
		out[i] = Hit{FAQ: ix.faqs[q.faq], Score: math.Round(float64(min(scores[hits[i]], 1))*1e4) / 1e4, Via: q.text}
	}
	return out
}

// scores returns the cosine of a normal text with each question. What no
// question knows lengthens the text's vector and so lowers every score.
func (ix *Index) scores(norm string) []float32 {
	scores := make([]float32, len(ix.questions))
	fs := features(norm)
	ix.weigh(fs)
	for _, f := range fs {
		id, ok := ix.ids[f.hash]
		if !ok {
			continue
		}
		w := float32(f.weight)
		for _, p := range ix.postings[id] {
			scores[p.question] += w * p.weight
		}
	}
	if q, ok := ix.exact[norm]; ok {
		scores[q] = 1
	}
	return scores
}

type feature struct {
	hash   uint64
	group  group
	weight float64 // first the count, then the share in the normalised vector
}

// weigh turns counts into weights of length 1 in all.
func (ix *Index) weigh(fs []feature) {
	var sum [groups]float64
	for i := range fs {
		f := &fs[i]
		idf := ix.unknown
		if id, ok := ix.ids[f.hash]; ok {
			idf = ix.idf[id]
		}
		f.weight = (1 + math.Log(f.weight)) * idf
		sum[f.group] += f.weight * f.weight
	}
	total := 0.0
	for g, s := range sum {
		if s > 0 {
			total += weights[g] * weights[g]
		}
	}
	for i := range fs {
		f := &fs[i]
		f.weight *= weights[f.group] / math.Sqrt(sum[f.group]*total)
	}
}

var seed = maphash.MakeSeed()

// features returns the features of a normal text with their counts, in a
// fixed order.
func features(norm string) []feature {
	var out []feature
	at := map[uint64]int{}
	var key [16]byte
	add := func(g group, b []byte) {
		h := maphash.Bytes(seed, append(append(key[:0], byte(g)), b...))
		if i, ok := at[h]; ok {
			out[i].weight++
			return
		}
		at[h] = len(out)
		out = append(out, feature{h, g, 1})
	}
	han, words := tokens(norm)
	var buf [32]byte
	for _, run := range han {
		for i, r := range run {
			add(chars, appendRunes(buf[:0], r))
			if i+1 < len(run) {
				add(pairs, appendRunes(buf[:0], r, run[i+1]))
			}
			for j := i + 1; j < min(i+window, len(run)); j++ {
				add(skips, appendRunes(buf[:0], min(r, run[j]), max(r, run[j])))
			}
		}
	}
	for _, w := range words {
		if stop[w] {
			continue
		}
		add(stems, []byte(stem(w)))
		piece := "^" + w + "$"
		for i := 0; i+3 <= len(piece); i++ {
			add(bits, []byte(piece[i:i+3]))
		}
	}
	return out
}

func appendRunes(b []byte, rs ...rune) []byte {
	for _, r := range rs {
		b = append(b, byte(r), byte(r>>8), byte(r>>16))
	}
	return b
}
