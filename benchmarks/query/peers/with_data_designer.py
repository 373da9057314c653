"""data-designer over a seed file, resumed where it can; a third argument is its buffer_size. argv: prompts, answers."""

import os
import sys
from pathlib import Path

import data_designer.config as dd
from data_designer.engine.storage.artifact_storage import ResumeMode
from data_designer.interface import DataDesigner


def main(prompts: Path, answers: Path, buffer_size: int | None) -> None:
    """Ask for every prompt, 64 at a time, and write the data set as JSON lines."""
    provider = dd.ModelProvider(name="local", endpoint=os.environ["URL"], provider_type="openai", api_key="none")
    designer = DataDesigner(artifact_path="artifacts", model_providers=[provider])
    settings = {} if buffer_size is None else {"buffer_size": buffer_size}
    designer.set_run_config(dd.RunConfig(otel_metrics_port=None, **settings))
    parameters = dd.ChatCompletionInferenceParams(max_parallel_requests=64, max_tokens=1024)
    model = dd.ModelConfig(
        alias="m", model="mock", provider="local", skip_health_check=True, inference_parameters=parameters
    )
    builder = dd.DataDesignerConfigBuilder(model_configs=[model])
    builder.with_seed_dataset(dd.LocalFileSeedSource(path=str(prompts)))
    builder.add_column(dd.LLMTextColumnConfig(name="answer", model_alias="m", prompt="{{ prompt }}"))
    with prompts.open() as lines:
        count = sum(1 for _ in lines)
    made = designer.create(builder, num_records=count, dataset_name="rows", resume=ResumeMode.IF_POSSIBLE)
    made.load_dataset()[["prompt", "answer"]].to_json(answers, orient="records", lines=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else None)
