"""Look at a model folder without loading it: what it holds, and whether anything in it is refused."""

import stat
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from axagents.errors import Refused, UserError
from axagents.stores.models.card import ModelCard, read_card
from axagents.stores.models.digest import digest, folder_size
from axagents.stores.models.mlmodel import MLMODEL, MLmodel, inside, read_mlmodel

Format = Literal["xgboost", "skops", "onnx", "pickle"]

_CODE_ENDINGS = {".py", ".pyc", ".pyo", ".so", ".dll", ".dylib", ".sh", ".pth"}
_PICKLE_ENDINGS = {".pkl", ".pickle", ".joblib", ".p", ".cloudpickle"}
_SAVE_AGAIN = "save it again as native XGBoost, skops or ONNX (mlflow.sklearn: serialization_format='skops')"


@dataclass(frozen=True)
class ModelFolder:
    """A model folder that was looked at and not refused; nothing of it has been loaded.

    Attributes:
        path: the folder, absolute.
        format: how the model file is written.
        card: our own `axagents.json`; None in a folder that another tool wrote.
        sha256: the digest of all files.
        size: bytes of all files.
        requirements: lines of `requirements.txt`.
    """

    path: Path
    mlmodel: MLmodel
    format: Format
    card: ModelCard | None
    sha256: str
    size: int
    requirements: tuple[str, ...]

    @property
    def model_file(self) -> Path:
        return self.path / self.mlmodel.model_path

    @property
    def framework(self) -> str:
        """The library that made the model, in the words of the registry: xgboost, sklearn or onnx."""
        return self.card.framework if self.card else self.mlmodel.flavour


def open_folder(path: Path, *, allow_pickle: bool = False, held: Container[str] = ()) -> ModelFolder:
    """Look at the model folder `path`.

    Args:
        path: a folder with an `MLmodel` file.
        allow_pickle: whether a pickle is taken at all.
        held: SHA-256 of the folders this project's registry holds; a pickle must be among them.

    Raises:
        UserError: no such folder, or not a model folder.
        Refused: code, links, paths that leave the folder, a foreign loader, a pickle.
    """
    folder = _existing(path)
    _check_files(folder)
    mlmodel = read_mlmodel(folder)
    model_file = inside(folder, mlmodel.model_path)
    if not model_file.is_file():
        raise UserError(f"{folder / MLMODEL} names {mlmodel.model_path}, which is not there", field="model_path")
    written_as = _format(model_file, mlmodel)
    sha256 = digest(folder)
    if written_as == "pickle" and not (allow_pickle and sha256 in held):
        raise _pickle_refused(model_file, allowed=allow_pickle)
    if written_as != "pickle":
        _refuse_strays(folder)
    return ModelFolder(
        path=folder,
        mlmodel=mlmodel,
        format=written_as,
        card=read_card(folder),
        sha256=sha256,
        size=folder_size(folder),
        requirements=_requirements(folder),
    )


def _existing(path: Path) -> Path:
    if path.is_symlink():
        raise Refused(f"{path} is a link; give the model's own folder", field="model_path")
    if not path.exists():
        raise UserError(f"no model folder at {path}", field="model_path", hint=_neighbours(path))
    if not path.is_dir():
        told = f"{path} is a file; a model is a folder with an {MLMODEL} file"
        if _is_pickle(path):
            raise Refused(f"{path} is a pickle, which can run code when loaded; {_SAVE_AGAIN}", field="model_path")
        raise UserError(told, field="model_path")
    if not (path / MLMODEL).is_file():
        pickles = [each.name for each in sorted(path.iterdir()) if each.is_file() and _is_pickle(each)]
        if pickles:
            raise Refused(f"{path} is a pickle ({pickles[0]}) without an {MLMODEL}; {_SAVE_AGAIN}", field="model_path")
        raise UserError(f"{path} is no model folder: it has no {MLMODEL} file", field="model_path")
    return path.resolve()


def _neighbours(path: Path) -> str | None:
    if not path.parent.is_dir():
        return None
    models = sorted(each.name for each in path.parent.iterdir() if (each / MLMODEL).is_file())
    return f"there is {', '.join(models[:8])} in {path.parent}" if models else None


def _check_files(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        named = path.relative_to(folder).as_posix()
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise Refused(f"{folder} holds the link {named}; a model folder holds plain files only", field="model_path")
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            raise Refused(f"{folder} holds {named}, which is neither file nor folder", field="model_path")
        if path.suffix in _CODE_ENDINGS or (stat.S_ISDIR(mode) and path.name == "code"):
            raise Refused(
                f"{folder} holds code ({named}); models are loaded as data only",
                field="model_path",
                hint="save the model again without code, as native XGBoost, skops or ONNX",
            )


def _refuse_strays(folder: Path) -> None:
    """Refuse a pickle beside a model that is none: nothing here loads it, but others might."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and _is_pickle(path):
            named = path.relative_to(folder).as_posix()
            raise Refused(
                f"{folder} holds a pickle ({named}) beside its model", field="model_path", hint=f"remove {path}"
            )


def _format(model_file: Path, mlmodel: MLmodel) -> Format:
    with model_file.open("rb") as file:
        head = file.read(4)
    if model_file.suffix in _PICKLE_ENDINGS or _starts_pickle(head):
        return "pickle"
    if mlmodel.flavour == "onnx":
        return "onnx"
    if mlmodel.flavour == "xgboost" and head.startswith(b"{"):
        return "xgboost"
    if mlmodel.flavour == "sklearn" and head.startswith(b"PK\x03\x04"):
        return "skops"
    wanted = "XGBoost's UBJSON or JSON" if mlmodel.flavour == "xgboost" else "a skops file"
    raise Refused(f"{model_file} is not {wanted}; {_SAVE_AGAIN}", field="model_path")


def _is_pickle(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix in _PICKLE_ENDINGS or _starts_pickle(file.read(2))


def _starts_pickle(head: bytes) -> bool:
    return len(head) >= 2 and head[0] == 0x80 and 2 <= head[1] <= 5


def _pickle_refused(model_file: Path, *, allowed: bool) -> Refused:
    if allowed:
        told = "this project's registry does not hold its SHA-256, so nobody here vouched for it"
    else:
        told = "which can run any code when loaded"
    return Refused(f"{model_file} is a pickle: {told}", field="model_path", hint=_SAVE_AGAIN)


def _requirements(folder: Path) -> tuple[str, ...]:
    path = folder / "requirements.txt"
    if not path.is_file():
        return ()
    lines = (line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))
