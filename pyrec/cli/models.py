"""Opening a saved model, and ids as they are typed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["ids_of", "lists", "open_model", "save_as", "save_over"]


def open_model(path: Path) -> Any:
    """Load a model from its folder, or from the output of a run, which has it in ``model/``."""
    from pyrec.models.registry import load

    return load(path / "model" if (path / "model" / "manifest.json").exists() else path)


def save_over(model: Any, path: Path, forgotten: Sequence[Any] = ()) -> None:
    """Save a model in the place of the one that `open_model` found there, whole or not at all.

    Of users who are forgotten its pipelines keep nothing either.
    """
    from pyrec.workflow.staging import staged

    if (path / "model" / "manifest.json").exists():
        with staged(path, entries=["model"]) as stage:
            save_as(model, stage / "model", path)
            _forget(stage / "model", forgotten)
    else:
        model.save(path)
        _forget(path, forgotten)


def _forget(model: Path, users: Sequence[Any]) -> None:
    from pyrec.features import load

    pipeline = model / "features" / "users"
    if users and pipeline.is_dir():
        load(pipeline).without(users).save(pipeline)


def save_as(model: Any, path: Path, like: Path) -> None:
    """Save what has become of the model that `open_model` found elsewhere, with its pipelines."""
    from shutil import copytree

    model.save(path)
    for features in (like / "model" / "features", like / "features"):
        if features.is_dir():
            copytree(features, path / "features", dirs_exist_ok=True)
            return


def ids_of(texts: Sequence[str], vocabulary: Any, what: str) -> list[Any]:
    """Return typed ids as the vocabulary has them: integers or strings.

    Raises
    ------
    UnknownIdError
        If the vocabulary has integers and one of the ids is none.
    """
    from pyrec.errors import UnknownIdError

    if not vocabulary.is_integer:
        return list(texts)
    try:
        return [int(text) for text in texts]
    except ValueError:
        wrong = next(text for text in texts if not text.lstrip("+-").isdigit())
        raise UnknownIdError(f"{wrong!r} is no {what}: their ids are integers") from None


def lists(queries: Sequence[Any], ranking: Any) -> list[dict[str, Any]]:
    """Return ranked lists as plain data: ``[{"id": ..., "list": [{"id": ..., "score": ...}]}]``."""
    result = []
    sources = getattr(ranking, "sources", None)
    for number, (query, rows, scores) in enumerate(
        zip(queries, ranking.rows, ranking.scores, strict=True)
    ):
        n = int((rows >= 0).sum())
        ids = ranking.items.decode(rows[:n]).tolist()
        entries = [
            {"id": found, "score": float(score)}
            for found, score in zip(ids, scores[:n], strict=True)
        ]
        if sources is not None:  # a chain of models
            for entry, source in zip(entries, sources[number], strict=False):
                entry["source"] = source
        result.append({"id": query, "list": entries})
    return result
