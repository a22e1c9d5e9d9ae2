"""What programs ask to find out whether a GPU will be used: never here."""

from pyrec.errors import NotSupportedError

__all__ = ["HAS_CUDA", "refuse"]

HAS_CUDA = False


def refuse(use_gpu: bool = True) -> None:
    """Raise if a GPU is asked for.

    Raises
    ------
    NotSupportedError
        With the remedy.
    """
    if use_gpu:
        raise NotSupportedError(
            "use_gpu: pyrec runs on the CPU only; leave use_gpu out, or set it to False"
        )
