// Reads a log that Weir wrote with the reference implementation of transparency logs, golang.org/x/mod/sumdb: its signed checkpoint, every
// entry against the tiles, and proofs that Weir made, given on standard input. Prints the entries it has read; any fault ends it.
//
// usage: reference LOG_FOLDER VKEY < PROOFS
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const width = 256

type proofs struct {
	Records []struct {
		Index  int64
		Hashes []string
	}
	Trees []struct {
		Size   int64
		Root   string
		Hashes []string
	}
}

// tiles reads C2SP paths, which have no height in them.
type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, 0, len(wanted))
	for _, tile := range wanted {
		data, err := os.ReadFile(filepath.Join(t.folder, strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run(folder, vkey string) error {
	tree, err := checkpoint(folder, vkey)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	hashes := tlog.TileHashReader(tree, tiles{folder})
	leaves, err := entries(folder, tree.N)
	if err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	for start := 0; start < len(leaves); start += width {
		bundle := leaves[start:min(start+width, len(leaves))]
		indexes := make([]int64, len(bundle))
		for at := range bundle {
			indexes[at] = tlog.StoredHashIndex(0, int64(start+at))
		}
		stored, err := hashes.ReadHashes(indexes)
		if err != nil {
			return fmt.Errorf("tiles of entry %d on: %w", start, err)
		}
		for at, entry := range bundle {
			if stored[at] != tlog.RecordHash(entry) {
				return fmt.Errorf("entry %d is not the one of its hash", start+at)
			}
		}
	}
	if err := check(tree, leaves); err != nil {
		return err
	}
	fmt.Printf("%d entries\n", tree.N)
	return nil
}

func checkpoint(folder, vkey string) (tlog.Tree, error) {
	source, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return tlog.Tree{}, err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(source, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// entries reads the bundles, which the reference does not have: they are C2SP's.
func entries(folder string, size int64) ([][]byte, error) {
	var all [][]byte
	for index := int64(0); index*width < size; index++ {
		tile := tlog.Tile{H: 8, L: -1, N: index, W: int(min(width, size-index*width))}
		path := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
		data, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return nil, err
		}
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:2+length])
			data = data[2+length:]
		}
	}
	if int64(len(all)) != size {
		return nil, fmt.Errorf("%d, not %d", len(all), size)
	}
	return all, nil
}

func check(tree tlog.Tree, leaves [][]byte) error {
	var given proofs
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return err
	}
	for _, record := range given.Records {
		if err := tlog.CheckRecord(parse(record.Hashes), tree.N, tree.Hash, record.Index, tlog.RecordHash(leaves[record.Index])); err != nil {
			return fmt.Errorf("proof of entry %d: %w", record.Index, err)
		}
	}
	for _, older := range given.Trees {
		if err := tlog.CheckTree(parse(older.Hashes), tree.N, tree.Hash, older.Size, parse([]string{older.Root})[0]); err != nil {
			return fmt.Errorf("proof from size %d: %w", older.Size, err)
		}
	}
	return nil
}

func parse(texts []string) []tlog.Hash {
	hashes := make([]tlog.Hash, len(texts))
	for index, text := range texts {
		data, _ := base64.StdEncoding.DecodeString(text)
		copy(hashes[index][:], data)
	}
	return hashes
}
