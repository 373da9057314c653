"""Near-dedup by other packages: `python near.py PEER CORPUS COUNT FOUND` writes who is removed, and what it took.

CORPUS is JSONL with a `text` each, of which the first COUNT are read. All peers but semhash compare sets of runs of five
words with 0.8. Runs in an environment of its own (requirements.txt beside it); CPU seconds start after imports and
reading.
"""

import importlib
import json
import resource
import sys
import tempfile
from pathlib import Path

WORDS, THRESHOLD = 5, 0.8
BANDS, ROWS = 16, 8  # 128 hash functions, as they all have by default
WIDE_BANDS, NARROW_ROWS = 18, 4  # a pair at 0.8 is missed once in 10,000 times
BATCH = 10_000


def runs(text):
    tokens = text.split()
    return [" ".join(tokens[at : at + WORDS]) for at in range(len(tokens) - WORDS + 1)]


def signed(texts):
    import xxhash
    from datasketch import MinHash

    encoded = ([one.encode() for one in runs(text)] for text in texts)
    return MinHash.generator(encoded, num_perm=BANDS * ROWS, hashfunc=xxhash.xxh32_intdigest)


def with_datasketch(texts):
    from datasketch import MinHashLSH

    index, kept, removed = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS)), {}, []
    for number, one in enumerate(signed(texts)):
        if any(kept[other].jaccard(one) >= THRESHOLD for other in index.query(one)):
            removed.append(number)
        else:
            index.insert(number, one)
            kept[number] = one
    return removed


def with_datasketch_exact(texts):
    from datasketch import MinHashLSH

    index, kept, removed = MinHashLSH(num_perm=BANDS * ROWS, params=(WIDE_BANDS, NARROW_ROWS)), {}, []
    for number, one in enumerate(signed(texts)):
        own = set(runs(texts[number]))
        if any(len(own & kept[other]) >= THRESHOLD * len(own | kept[other]) for other in index.query(one)):
            removed.append(number)
        else:
            index.insert(number, one)
            kept[number] = own
    return removed


def with_rensa(texts):
    from rensa import RMinHashDeduplicator

    index = RMinHashDeduplicator(threshold=THRESHOLD, num_perm=BANDS * ROWS, use_lsh=True, num_bands=BANDS)
    new = []
    for start in range(0, len(texts), BATCH):
        new += index.add_pairs([(str(start + at), runs(text)) for at, text in enumerate(texts[start : start + BATCH])])
    return [number for number, added in enumerate(new) if not added]


def with_gaoya(texts):
    from gaoya.minhash import MinHashStringIndex

    index = MinHashStringIndex(32, THRESHOLD, BANDS, ROWS, None, "word", False, (WORDS, WORDS), "vec")
    removed = []
    for number, text in enumerate(texts):
        if index.query(text):
            removed.append(number)
        else:
            index.insert_document(number, text)
    return removed


def with_semhash(texts):
    import wordllama
    from model2vec import StaticModel
    from safetensors.numpy import load_file
    from semhash import SemHash
    from tokenizers import Tokenizer

    folder = Path(wordllama.__file__).parent  # its own loader looks for the tokenizer on a hub
    vectors = load_file(folder / "weights/l2_supercat_256.safetensors")["embedding.weight"]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizers/l2_supercat_tokenizer_config.json"))
    model = StaticModel(vectors.astype("float32"), tokenizer, normalize=True)
    records = [{"text": text, "number": number} for number, text in enumerate(texts)]
    found = SemHash.from_records(records, columns=["text"], model=model).self_deduplicate(threshold=0.95)
    kept = {one["number"] for one in found.selected}
    return [number for number in range(len(texts)) if number not in kept]


def with_datatrove(texts):
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup.minhash import (
        MinhashConfig,
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers.jsonl import JsonlWriter
    from datatrove.utils.logging import logger

    logger.remove()
    config = MinhashConfig(n_grams=WORDS)  # 14 bands of 8 rows
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        (at / "in").mkdir()
        rows = (json.dumps({"id": str(number), "text": text}) for number, text in enumerate(texts))
        (at / "in" / "corpus.jsonl").write_text("\n".join(rows) + "\n")
        steps = (
            (1, [JsonlReader(f"{at}/in"), MinhashDedupSignature(f"{at}/signed", config)]),
            (config.num_buckets, [MinhashDedupBuckets(f"{at}/signed", f"{at}/buckets", config=config)]),
            (1, [MinhashDedupCluster(f"{at}/buckets", f"{at}/removed", config=config)]),
            (1, [JsonlReader(f"{at}/in"), MinhashDedupFilter(f"{at}/removed"), writer := None]),
        )
        out = JsonlWriter(f"{at}/out", compression=None)
        for number, (tasks, pipeline) in enumerate(steps):
            whole = [*pipeline[:-1], out] if pipeline[-1] is writer else pipeline
            LocalPipelineExecutor(whole, tasks=tasks, workers=1, logging_dir=f"{at}/logs/{number}").run()
        kept = {int(json.loads(line)["id"]) for one in (at / "out").iterdir() for line in one.open()}
    return [number for number in range(len(texts)) if number not in kept]


IMPORTS = {
    "with_datasketch": ("datasketch", "xxhash"),
    "with_datasketch_exact": ("datasketch", "xxhash"),
    "with_rensa": ("rensa",),
    "with_gaoya": ("gaoya.minhash",),
    "with_semhash": ("model2vec", "semhash", "safetensors.numpy", "tokenizers", "wordllama"),
    "with_datatrove": ("datatrove.executor", "datatrove.pipeline.dedup.minhash", "datatrove.pipeline.readers", "spacy"),
}


def cpu_s():
    """Of this process and of those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main():
    peer, corpus, count, found = sys.argv[1:]
    with open(corpus, encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line, _ in zip(lines, range(int(count)))]
    for name in IMPORTS[peer]:
        importlib.import_module(name)
    start = cpu_s()
    removed = globals()[peer](texts)
    used = cpu_s() - start
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    Path(found).write_text(json.dumps({"cpu_s": used, "peak_mb": peak, "removed": removed}))


if __name__ == "__main__":
    main()
