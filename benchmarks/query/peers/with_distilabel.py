"""distilabel's pipeline with its cache, which is how it resumes. argv: prompts, answers."""

import json
import os
import sys
from pathlib import Path

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration


def main(prompts: Path, answers: Path) -> None:
    """Ask for every prompt, in batches of 64, and write the data set as JSON lines."""
    rows = [{"instruction": json.loads(line)["prompt"]} for line in prompts.read_text().splitlines()]
    with Pipeline(name="rows", cache_dir="distilabel-cache") as pipeline:
        llm = OpenAILLM(
            model="mock", base_url=os.environ["URL"], api_key="none", generation_kwargs={"max_new_tokens": 1024}
        )
        _ = LoadDataFromDicts(data=rows, batch_size=64) >> TextGeneration(llm=llm, input_batch_size=64)
    made = pipeline.run(use_cache=True)
    with answers.open("w") as out:
        for row in made["default"]["train"]:
            out.write(json.dumps({"prompt": row["instruction"], "answer": row["generation"]}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
