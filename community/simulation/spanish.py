"""What residents of the synthetic city write in Spanish, and what officers answer.

(kind, topic, text, answer); an empty answer is still waiting. Words in braces are filled in. Every
person, number and address that gets filled in is made up.
"""

from __future__ import annotations

from typing import Final

from community.simulation.voice import Voice

_R, _Q, _P, _C = "report", "question", "praise", "complaint"

VOICES: Final[tuple[Voice, ...]] = (
    Voice(_R, "street-light", "La luz de la esquina de {street} lleva {days} días apagada. Mi mamá sale del trabajo a medianoche y le da miedo.", "Gracias por avisar. El poste ya tiene orden de trabajo y debe quedar reparado en cinco días hábiles."),
    Voice(_R, "street-light", "Hay cuatro lámparas fundidas seguidas en {street}, frente a la escuela.", "Las cuatro están en el mismo circuito. La cuadrilla sale mañana con una sola orden."),
    Voice(_R, "bin", "El bote de basura de la parada en {street} está lleno desde el domingo y huele muy mal.", "Ya se vació. El sensor estaba trabado y por eso no nos avisó; se cambió el mismo día."),
    Voice(_R, "bin", "Tiran muebles viejos junto a los botes de {park} cada fin de mes.", "Se recogieron el martes. Vamos a pasar los últimos tres días del mes para ver quién los deja."),
    Voice(_R, "noise", "Los vecinos ponen música hasta las tres de la mañana, ya van {days} noches. Mi teléfono es {phone} por si quieren venir a oír.", "Un oficial habló con ellos el viernes y el sábado ya no hubo ruido. Si vuelve a pasar, llame a la línea de no emergencia en ese momento."),
    Voice(_R, "noise", "Truenan cuetes todas las noches cerca de {park} y los niños no duermen.", "Lo sabemos: los sensores contaron muchos más que otros años. Hay patrulla extra por la tarde hasta el domingo."),
    Voice(_R, "traffic", "Los carros no respetan el alto en {street}. Ayer casi atropellan a una señora con carriola.", "Estuvimos tres mañanas en esa esquina y se dieron once infracciones. El ingeniero va a revisar la señal."),
    Voice(_R, "traffic", "Un camión sin placas bloquea la banqueta de {street} todas las tardes como a las {time}.", "Se le puso aviso y ya no está. Gracias."),
    Voice(_R, "traffic", "Hay una troca abandonada en {street}, placas {plate}, desde hace {days} días.", "Se marcó el lunes y la grúa se la llevó el jueves; la ley pide esperar 72 horas."),
    Voice(_R, "safety", "Anoche se oyeron como seis balazos por {street}, a eso de las {time}. ¿Sí fueron balazos?", "Sí. Los sensores los ubicaron y la patrulla encontró casquillos. Está en el registro de disparos de {district}."),
    Voice(_R, "safety", "Me rompieron el vidrio del carro afuera de mi casa en {home}. Soy {name}. Es la segunda vez.", "Lo sentimos. Hay más casos en su cuadra y desde el lunes pasa una patrulla de noche."),
    Voice(_R, "safety", "En la casa vacía de {street} se mete gente por la noche y prenden lumbre.", "Los bomberos la revisaron y el dueño tiene orden de cerrarla. El equipo de calle habló con las personas."),
    Voice(_R, "safety", "No quiero dar mi nombre. Venden droga en el estacionamiento de la tienda de {street}.", "No hace falta su nombre. Los oficiales del distrito ya conocen el lugar; no podemos decir más por ahora."),
    Voice(_R, "patrol", "Nunca pasa una patrulla por {district}, solo cuando ya pasó algo.", "Tiene razón. Desde este mes dos oficiales caminan por {street} entre semana por la tarde."),
    Voice(_R, "charging", "El cargador de {street} marca error y no deja pagar.", ""),
    Voice(_R, "other", "Encontré un perro con collar cerca de {park}. ¿A quién le hablo?", "A control animal, al 311. Si trae placa, también puede llamar al número que dice."),
    Voice(_Q, "safety", "¿Es cierto que los micrófonos de disparos graban lo que hablamos?", "No. Solo mandan la hora y la forma del estallido. En la página de sensores está cada dato que envían."),
    Voice(_Q, "safety", "¿Si llamo para reportar algo me van a preguntar por mis papeles?", "No. No preguntamos por el estatus migratorio de quien llama ni de quien es testigo."),
    Voice(_Q, "records", "¿Por qué no sale en el mapa el asalto que reporté?", "Los delitos contra personas solo se muestran en grupos de cinco o más, para que nadie pueda ser reconocido. El suyo sí está contado."),
    Voice(_Q, "records", "¿Cómo consigo una copia del reporte de mi choque en {street}?", "En línea o en la ventanilla de registros con una identificación. Si usted manejaba, no cuesta."),
    Voice(_Q, "patrol", "¿Hay juntas en español en {district}?", "Sí, el segundo martes a las 6:30 en la biblioteca, con intérprete y cuidado de niños."),
    Voice(_Q, "noise", "¿Hasta qué hora se puede hacer ruido en un jardín?", "Hasta las diez entre semana y las once el viernes y el sábado."),
    Voice(_Q, "traffic", "¿Quién decide dónde se ponen los topes?", "El ingeniero de tránsito, con la lista de choques con heridos. La lista es pública."),
    Voice(_Q, "other", "Mi hijo quiere ser policía, ¿hay algún programa para jóvenes? Mi correo es {email}.", "Sí, desde los catorce años. La solicitud está en la página y la próxima reunión es el sábado."),
    Voice(_P, "patrol", "Gracias a la oficial que ayudó a mi papá cuando se perdió cerca de {park}. Le habló en español y con mucha paciencia.", "Le leímos su mensaje frente a sus compañeros. Gracias por contarlo."),
    Voice(_P, "safety", "Llegaron en cinco minutos y nos trataron con respeto. Familia {surname}, muchas gracias.", "Gracias a ustedes. Se lo pasamos al turno de noche."),
    Voice(_P, "street-light", "Reporté la luz el lunes y el miércoles ya estaba. ¡Muy bien!", "Gracias a usted por reportarla."),
    Voice(_P, "bin", "Desde que pusieron los botes nuevos {park} está limpio hasta los lunes.", "Qué gusto. Ahora se vacían cuando están llenos."),
    Voice(_C, "patrol", "Llevo {days} días esperando que me llamen por mi camioneta robada. Mi número es {phone}.", "Debieron llamarle en dos días y no fue así. El sargento ya tiene el caso y le dejó un mensaje."),
    Voice(_C, "records", "La página en español dice menos que la de inglés. ¿Por qué?", "Faltaban dos páginas por traducir. Ya están, y una prueba avisa si vuelve a faltar alguna."),
    Voice(_C, "traffic", "Me dieron una multa en {street} y la señal está tapada por un árbol.", "Ya se podó el árbol y avisamos al juzgado. La decisión sobre la multa es de ellos."),
    Voice(_C, "noise", "El camión de la basura pasa a las cuatro y media de la mañana.", "Obras Públicas aceptó empezar después de las seis en calles con casas."),
    Voice(_C, "conduct", "Un oficial le gritó a mi esposo en {street} porque no habla inglés. Fue el {weekday} como a las {time}. Soy {name}, {phone}.", "", about_officer=True),
    Voice(_C, "conduct", "En la ventanilla me dijeron que regresara con alguien que hablara inglés. Perdí el día de trabajo.", "La Oficina de Supervisión abrió un caso y le escribirá aquí mismo en treinta días.", about_officer=True),
)  # fmt: skip

OPENINGS: Final = (
    "",
    "",
    "",
    "Buenas tardes. ",
    "Hola. ",
    "Muy buenos días. ",
    "Es la segunda vez que escribo. ",
)
CLOSINGS: Final = (
    "",
    "",
    "",
    " Gracias.",
    " Muchas gracias por su atención.",
    " Por favor hagan algo.",
    " Una vecina de {district}.",
    " Mi correo es {email}.",
    " Mi celular es el {phone}.",
)
