import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blackbox_kd.jsonl import digest, write_rows
from blackbox_kd.records import Completion
from blackbox_kd.run import COMPLETIONS, REJECTED, TRAIN_ROWS, VALIDATION_ROWS, VERDICTS, Manifest, RunDir

FILES = (TRAIN_ROWS, VALIDATION_ROWS, REJECTED, VERDICTS)
CLUSTER = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
cluster.add_node(num_cpus=1)
cluster.wait_for_nodes()
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


@pytest.fixture
def address() -> Iterator[str]:
    """A Ray cluster of two nodes on this machine, in a process of its own."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", CLUSTER]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_ray_cluster_of_two_nodes_writes_what_one_process_writes(
    tmp_path: Path, completion: Callable[..., Completion], address: str
) -> None:
    run, rng = RunDir(tmp_path / "run", tmp_path / "run"), random.Random(0)
    names = ["".join(rng.choices("abcdefghijklmnop", k=rng.randint(3, 8))) for _ in range(2000)]
    rows, text = [], ""
    for n in range(21_000):
        text = f"{text} {rng.choice(names)}" if n % 7 == 1 else " ".join(rng.choices(names, k=60))
        family = "it" if n % 7 in (0, 1) else f"{n}"
        rows.append(completion(text, f"Tell about {family}.", prompt_id=f"{n:05}", family=family))
    write_rows(run / COMPLETIONS, rows)
    (run / "bbkd.toml").write_text('[filter]\noff = ["special_tokens"]\n')
    run.finish(Manifest(stage="import", settings={}, reads={}, writes={}, counts={}))
    command = [sys.executable, "-m", "blackbox_kd", "filter", "--run", str(run.path)]
    subprocess.run([*command, "--workers", "1"], check=True, capture_output=True)
    expected = [digest(run / name) for name in FILES]
    run.manifest_path("filter").unlink()
    environment = {**os.environ, "RAY_ADDRESS": address}
    done = subprocess.run([*command, "--engine", "ray"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [digest(run / name) for name in FILES] == expected
