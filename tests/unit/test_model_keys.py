import pytest

from services.common.contracts.model_ref import ModelRef
from services.common.statistics.model_keys import build_model_key, parse_model_key

FACE, VOICE = ModelRef(name="face_emotion", version=2), ModelRef(name="voice_emotion", version=11)


def test_key_is_the_same_when_models_come_in_another_order_or_twice() -> None:
    assert (
        build_model_key([VOICE, FACE, VOICE])
        == build_model_key([FACE, VOICE])
        == "face_emotion:2+voice_emotion:11"
    )


@pytest.mark.parametrize("method", [None, "logpool/1^1.5", "a:1+b:2"])
@pytest.mark.parametrize("models", [[], [FACE], [FACE, VOICE]])
def test_key_is_read_back_when_it_was_made(method: str | None, models: list[ModelRef]) -> None:
    assert parse_model_key(build_model_key(models, method=method)) == (method, models)


@pytest.mark.parametrize("key", ["", "face", "face:0", "face:1+"])
def test_key_is_refused_when_it_names_no_models(key: str) -> None:
    with pytest.raises(ValueError, match="names no models"):
        parse_model_key(key)
