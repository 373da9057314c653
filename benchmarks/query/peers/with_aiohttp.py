"""The floor: aiohttp by hand, no store; 429 and 5xx are tried again after Retry-After. argv: prompts, answers."""

import asyncio
import json
import os
import sys
from pathlib import Path

import aiohttp


async def main(prompts: list[str], answers: Path) -> None:
    """Ask for every prompt, 64 at a time, and write each answer as it comes."""
    url = f"{os.environ['URL']}/chat/completions"
    slots = asyncio.Semaphore(64)
    with answers.open("w") as out:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:

            async def one(prompt: str) -> None:
                body = {"model": "mock", "messages": [{"role": "user", "content": prompt}], "max_tokens": 1024}
                async with slots:
                    while True:
                        async with session.post(url, json=body) as response:
                            if response.status == 200:
                                text = (await response.json())["choices"][0]["message"]["content"]
                                out.write(json.dumps({"prompt": prompt, "answer": text}) + "\n")
                                return
                            await response.read()
                        await asyncio.sleep(float(response.headers.get("retry-after", "1")))

            await asyncio.gather(*(one(prompt) for prompt in prompts))


def read(path: Path) -> list[str]:
    """The prompts of a JSONL file."""
    return [json.loads(line)["prompt"] for line in path.read_text().splitlines()]


if __name__ == "__main__":
    asyncio.run(main(read(Path(sys.argv[1])), Path(sys.argv[2])))
