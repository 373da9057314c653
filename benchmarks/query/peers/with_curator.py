"""curator with its cache; a third argument is the limit it is told, in requests a minute. argv: prompts, answers."""

import json
import os
import sys
from pathlib import Path

from bespokelabs.curator import LLM


def main(prompts: Path, answers: Path, per_minute: int) -> None:
    """Ask for every prompt, at most 64 at a time, and write the data set as JSON lines."""
    limits = {
        "max_requests_per_minute": per_minute,
        "max_tokens_per_minute": 10**12,
        "max_concurrent_requests": 64,
    }
    llm = LLM(
        model_name="mock",
        backend="openai",
        backend_params={"base_url": os.environ["URL"], "api_key": "none", **limits},
        generation_params={"max_tokens": 1024},
    )
    rows = [json.loads(line)["prompt"] for line in prompts.read_text().splitlines()]
    made = llm(rows, working_dir=str(Path("curator-cache").absolute()))
    with answers.open("w") as out:
        for prompt, row in zip(rows, made.dataset, strict=True):  # in the order of the prompts
            out.write(json.dumps({"prompt": prompt, "answer": row["response"]}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else 10_000_000)
