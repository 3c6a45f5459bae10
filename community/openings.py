"""First lines of an answer, in the resident's language. They save typing, never thinking. Pure.

What stands in [brackets] must be filled in or removed before an answer can be sent for approval. There
are none for complaints about officers: nobody gets a ready-made answer to that.
"""

from __future__ import annotations

from typing import Final

_ENGLISH: Final = {
    "report": (
        "Thank you for telling us. We looked at this on [day] and found [what you found]. [What happens next, and by when.]",
        "Thank you for telling us. This is the work of [department]; we passed it on to them on [day]. You can ask them at [address or number].",
        "Thank you for telling us. So that we can find the right place: could you say [what you need to know]?",
    ),
    "question": (
        "Thank you for asking. [The answer in one sentence.] You can read more at [page].",
        "Thank you for asking. We do not publish this, because [reason]. What we can tell you is [what can be said].",
    ),
    "praise": (
        "Thank you for taking the time to write. We have shown your words to [team], and they mean a lot to them.",
    ),
    "complaint": (
        "We are sorry that this happened. We looked into it on [day] and found [what you found]. [What changes because of it.]",
        "Thank you for telling us. So that we can look into it: could you say [what you need to know]?",
    ),
}

_SPANISH: Final = {
    "report": (
        "Gracias por avisarnos. Lo revisamos el [día] y encontramos [lo que encontró]. [Qué sigue y para cuándo.]",
        "Gracias por avisarnos. Esto le corresponde a [departamento]; se lo pasamos el [día]. Puede preguntarles en [dirección o número].",
        "Gracias por avisarnos. Para encontrar el lugar correcto: ¿podría decirnos [lo que necesita saber]?",
    ),
    "question": (
        "Gracias por su pregunta. [La respuesta en una frase.] Puede leer más en [página].",
        "Gracias por su pregunta. No publicamos esto porque [motivo]. Lo que sí podemos decirle es [lo que se puede decir].",
    ),
    "praise": (
        "Gracias por tomarse el tiempo de escribir. Le mostramos sus palabras a [equipo] y significan mucho para ellos.",
    ),
    "complaint": (
        "Lamentamos lo que pasó. Lo revisamos el [día] y encontramos [lo que encontró]. [Qué cambia por ello.]",
        "Gracias por avisarnos. Para poder revisarlo: ¿podría decirnos [lo que necesita saber]?",
    ),
}


def openings_for(kind: str, *, language: str, about_officer: bool) -> tuple[str, ...]:
    """The first lines that fit; English where the language has none."""
    if about_officer:
        return ()
    return (_SPANISH if language.startswith("es") else _ENGLISH).get(kind, ())
