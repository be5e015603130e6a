"""Hugging Face `Trainer` or TRL's `SFTTrainer` on sequences of token ids: one line of JSON with what each step cost.

trainer.py {trainer|sft} {full|lora} MODEL SEQUENCES.json
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", CUDA_VISIBLE_DEVICES="")
import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from trl import SFTConfig, SFTTrainer


class Clock(TrainerCallback):
    """CPU-seconds at the end of each step."""

    def __init__(self):
        self.at = []

    def on_step_end(self, args, state, control, **kwargs):
        self.at.append(time.process_time())


def main(kind, method, model_folder, sequences):
    torch.set_num_threads(1)
    rows = json.loads(Path(sequences).read_text())
    full = method == "full"
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32 if full else torch.bfloat16)
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    if not full:
        every = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
        model = get_peft_model(model, LoraConfig(r=16, lora_alpha=16, target_modules=every, lora_dropout=0.0))
    data = Dataset.from_dict({"input_ids": rows, "attention_mask": [[1] * len(row) for row in rows]})
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        given = {
            "output_dir": folder, "max_steps": len(rows), "per_device_train_batch_size": 1, "weight_decay": 0.0,
            "learning_rate": 5e-5 if full else 3e-3, "lr_scheduler_type": "constant", "warmup_steps": 0, "max_grad_norm": 1.0,
            "adam_beta2": 0.95, "bf16": True, "use_cpu": True, "logging_steps": 1, "report_to": [], "save_strategy": "no",
            "disable_tqdm": True, "dataloader_num_workers": 0, "optim": "adamw_torch_fused",
        }  # fmt: skip
        if kind == "sft":
            args = SFTConfig(
                **given, max_length=None, packing=False, shuffle_dataset=False, gradient_checkpointing=False,
                dataset_kwargs={"skip_prepare_dataset": True},
            )  # fmt: skip
            trainer = SFTTrainer(model, args, train_dataset=data, processing_class=tokenizer, callbacks=[clock])
        else:
            collate = DataCollatorForLanguageModeling(tokenizer, mlm=False)
            args = TrainingArguments(**given)
            trainer = Trainer(model, args, train_dataset=data, data_collator=collate, callbacks=[clock])
        trainer._get_train_sampler = lambda *_: torch.utils.data.SequentialSampler(data)
        trainer.train()
    losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    print(json.dumps({"cpu_s": clock.at, "losses": losses, "tokens": len(rows[0]) - 1}))


if __name__ == "__main__":
    main(*sys.argv[1:])
