"""Near-dedup by other packages: `python near.py PEER CORPUS COUNT FOUND` writes who is removed, and what it took.

CORPUS is JSONL with a `text` each, of which the first COUNT are read. All but semhash look for sets of runs of five
words that are 0.8 alike. Runs in an environment of its own (requirements.txt beside it); CPU seconds start after
imports and reading.
"""

import json
import re
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

WORDS, THRESHOLD, COSINE = 5, 0.8, 0.95
BANDS, ROWS = 16, 8  # 128 hash functions, the peers' default
SURE_BANDS, SURE_ROWS = 18, 4  # a pair at 0.8 is missed once in 10,000 times
BATCH = 10_000
Peer = Callable[[Sequence[str]], list[int]]  # gives the places of those removed


def runs(text: str) -> list[str]:
    """The runs of five words."""
    words = text.split()
    return [" ".join(words[start : start + WORDS]) for start in range(len(words) - WORDS + 1)]


def datasketch() -> Peer:
    """MinHash with xxhash; what shares a band with a kept one is removed if the signatures say 0.8."""
    package, xxhash = import_module("datasketch"), import_module("xxhash")

    def remove(texts: Sequence[str]) -> list[int]:
        index = package.MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
        kept: dict[int, Any] = {}
        removed = []
        for place, one in enumerate(signed(texts, package, xxhash)):
            if any(kept[other].jaccard(one) >= THRESHOLD for other in index.query(one)):
                removed.append(place)
            else:
                index.insert(place, one)
                kept[place] = one
        return removed

    return remove


def datasketch_exact() -> Peer:
    """The same with bands that lose no pair, and with the exact similarity of the sets."""
    package, xxhash = import_module("datasketch"), import_module("xxhash")

    def remove(texts: Sequence[str]) -> list[int]:
        index = package.MinHashLSH(num_perm=BANDS * ROWS, params=(SURE_BANDS, SURE_ROWS))
        kept: dict[int, set[str]] = {}
        removed = []
        for place, one in enumerate(signed(texts, package, xxhash)):
            own = set(runs(texts[place]))
            if any(len(own & kept[other]) >= THRESHOLD * len(own | kept[other]) for other in index.query(one)):
                removed.append(place)
            else:
                index.insert(place, one)
                kept[place] = own
        return removed

    return remove


def signed(texts: Sequence[str], package: Any, xxhash: Any) -> Iterator[Any]:
    """Signatures by datasketch's way for many texts."""
    members = ([run.encode() for run in runs(text)] for text in texts)
    made: Iterator[Any] = package.MinHash.generator(members, num_perm=BANDS * ROWS, hashfunc=xxhash.xxh32_intdigest)
    return made


def rensa() -> Peer:
    """Its deduplicator."""
    package = import_module("rensa")

    def remove(texts: Sequence[str]) -> list[int]:
        index = package.RMinHashDeduplicator(threshold=THRESHOLD, num_perm=BANDS * ROWS, use_lsh=True, num_bands=BANDS)
        new: list[bool] = []
        for start in range(0, len(texts), BATCH):
            batch = enumerate(texts[start : start + BATCH], start)
            new += index.add_pairs([(str(place), runs(text)) for place, text in batch])
        return [place for place, added in enumerate(new) if not added]

    return remove


def gaoya() -> Peer:
    """Its index of texts: what finds none is inserted."""
    package = import_module("gaoya.minhash")

    def remove(texts: Sequence[str]) -> list[int]:
        index = package.MinHashStringIndex(32, THRESHOLD, BANDS, ROWS, None, "word", False, (WORDS, WORDS), "vec")
        removed = []
        for place, text in enumerate(texts):
            if index.query(text):
                removed.append(place)
            else:
                index.insert_document(place, text)
        return removed

    return remove


def semhash() -> Peer:
    """Its deduplication by the cosine of static embeddings, with the token vectors of the package wordllama."""
    package, static = import_module("semhash"), import_module("model2vec")
    tokenizers, tensors = import_module("tokenizers"), import_module("safetensors.numpy")
    folder = Path(str(import_module("wordllama").__file__)).parent  # its own loader wants a hub
    vectors = tensors.load_file(folder / "weights/l2_supercat_256.safetensors")["embedding.weight"].astype("float32")
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizers/l2_supercat_tokenizer_config.json"))
    model = static.StaticModel(vectors, tokenizer, normalize=True)

    def remove(texts: Sequence[str]) -> list[int]:
        records = [{"text": text, "place": str(place)} for place, text in enumerate(texts)]
        index = package.SemHash.from_records(records, columns=["text"], model=model)
        kept = {one["place"] for one in index.self_deduplicate(threshold=COSINE).selected}
        return [place for place in range(len(texts)) if str(place) not in kept]

    return remove


def datatrove() -> Peer:
    """Its four steps, one after another in this process, with its default of 14 bands of 8 rows."""
    import_module("datatrove.utils.logging").logger.remove()
    executor = import_module("datatrove.executor").LocalPipelineExecutor
    dedup = import_module("datatrove.pipeline.dedup.minhash")
    reader = import_module("datatrove.pipeline.readers").JsonlReader
    writer = import_module("datatrove.pipeline.writers.jsonl").JsonlWriter
    import_module("spacy")

    def remove(texts: Sequence[str]) -> list[int]:
        config = dedup.MinhashConfig(n_grams=WORDS)
        with tempfile.TemporaryDirectory() as folder:
            at = Path(folder)
            (at / "in").mkdir()
            with (at / "in" / "corpus.jsonl").open("w") as out:
                out.writelines(json.dumps({"id": str(place), "text": text}) + "\n" for place, text in enumerate(texts))
            read, write = reader(f"{at}/in"), writer(f"{at}/out", compression=None)
            steps = (
                (1, [read, dedup.MinhashDedupSignature(f"{at}/signed", config)]),
                (config.num_buckets, [dedup.MinhashDedupBuckets(f"{at}/signed", f"{at}/buckets", config=config)]),
                (1, [dedup.MinhashDedupCluster(f"{at}/buckets", f"{at}/removed", config=config)]),
                (1, [read, dedup.MinhashDedupFilter(f"{at}/removed"), write]),
            )
            for number, (tasks, pipeline) in enumerate(steps):
                executor(pipeline, tasks=tasks, workers=1, logging_dir=f"{at}/logs/{number}").run()
            kept = {int(json.loads(line)["id"]) for path in (at / "out").iterdir() for line in path.open()}
        return [place for place in range(len(texts)) if place not in kept]

    return remove


PEERS = {one.__name__: one for one in (datasketch, datasketch_exact, rensa, gaoya, semhash, datatrove)}


def cpu_s() -> float:
    """CPU seconds of this process and of those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak_mb() -> float:
    """The most memory that this process had since it was started (Linux)."""
    told = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(told[1]) / 1024 if told else float("nan")


def main(peer: str, corpus: str, count: str, found: str) -> None:
    """Run one peer."""
    with Path(corpus).open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for _, line in zip(range(int(count)), lines, strict=False)]
    remove = PEERS[peer]()
    start = cpu_s()
    removed = remove(texts)
    spent = cpu_s() - start
    Path(found).write_text(json.dumps({"cpu_s": spent, "peak_mb": peak_mb(), "removed": removed}))


if __name__ == "__main__":
    main(*sys.argv[1:])
