"""litellm's acompletion with its retries; a third argument `cache` adds its disk cache. argv: prompts, answers."""

import asyncio
import json
import sys
from os import environ
from pathlib import Path

import litellm
import openai


async def main(prompts: list[str], answers: Path) -> None:
    """Ask for every prompt, 64 at a time, and write each answer as it comes; what fails for good is lost."""
    slots = asyncio.Semaphore(64)
    with answers.open("w") as out:

        async def one(prompt: str) -> None:
            async with slots:
                try:
                    reply = await litellm.acompletion(
                        model="openai/mock",
                        api_base=environ["URL"],
                        api_key="none",
                        messages=[{"role": "user", "content": prompt}],
                        max_tokens=1024,
                        num_retries=6,
                    )
                except openai.APIError as error:  # the base of all that litellm raises for a provider
                    sys.stderr.write(f"{error}\n")
                    return
            out.write(json.dumps({"prompt": prompt, "answer": reply.choices[0].message.content}) + "\n")

        await asyncio.gather(*(one(prompt) for prompt in prompts))


def read(path: Path) -> list[str]:
    """The prompts of a JSONL file."""
    return [json.loads(line)["prompt"] for line in path.read_text().splitlines()]


if __name__ == "__main__":
    if sys.argv[3:] == ["cache"]:
        litellm.cache = litellm.Cache(type="disk", disk_cache_dir="litellm-cache")
    asyncio.run(main(read(Path(sys.argv[1])), Path(sys.argv[2])))
