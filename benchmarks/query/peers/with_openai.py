"""The floor of every peer on the vendor's SDK: AsyncOpenAI with its own retries, no store. argv: prompts, answers."""

import asyncio
import json
import os
import sys
from pathlib import Path

import openai


async def main(prompts: list[str], answers: Path) -> None:
    """Ask for every prompt, 64 at a time, and write each answer as it comes; what fails for good is lost."""
    client = openai.AsyncOpenAI(base_url=os.environ["URL"], api_key="none", max_retries=6)
    slots = asyncio.Semaphore(64)
    with answers.open("w") as out:

        async def one(prompt: str) -> None:
            async with slots:
                try:
                    reply = await client.chat.completions.create(
                        model="mock", messages=[{"role": "user", "content": prompt}], max_tokens=1024
                    )
                except openai.APIError as error:
                    sys.stderr.write(f"{error}\n")
                    return
            out.write(json.dumps({"prompt": prompt, "answer": reply.choices[0].message.content}) + "\n")

        await asyncio.gather(*(one(prompt) for prompt in prompts))


def read(path: Path) -> list[str]:
    """The prompts of a JSONL file."""
    return [json.loads(line)["prompt"] for line in path.read_text().splitlines()]


if __name__ == "__main__":
    asyncio.run(main(read(Path(sys.argv[1])), Path(sys.argv[2])))
