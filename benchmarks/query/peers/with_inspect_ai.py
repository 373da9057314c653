"""inspect_ai's model with adaptive connections; a third argument `cache` turns its cache on. argv: prompts, answers."""

import asyncio
import json
import os
import sys
from pathlib import Path

from inspect_ai.model import GenerateConfig, get_model


async def main(prompts: list[str], answers: Path, cache: bool) -> None:
    """Ask for every prompt, 64 at a time, and write each answer as it comes."""
    config = GenerateConfig(max_connections=64, max_tokens=1024)
    model = get_model("openai-api/local/mock", base_url=os.environ["URL"], api_key="none", config=config)
    with answers.open("w") as out:

        async def one(prompt: str) -> None:
            reply = await model.generate(prompt, cache=cache)
            out.write(json.dumps({"prompt": prompt, "answer": reply.completion}) + "\n")

        await asyncio.gather(*(one(prompt) for prompt in prompts))


def read(path: Path) -> list[str]:
    """The prompts of a JSONL file."""
    return [json.loads(line)["prompt"] for line in path.read_text().splitlines()]


if __name__ == "__main__":
    asyncio.run(main(read(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3:] == ["cache"]))
