"""What residents of the synthetic city write in English, and what officers answer.

(kind, topic, text, answer); an empty answer is still waiting. Words in braces are filled in. Every
person, number and address that gets filled in is made up.
"""

from __future__ import annotations

from typing import Final

from community.simulation.voice import Voice

_R, _Q, _P, _C = "report", "question", "praise", "complaint"

VOICES: Final[tuple[Voice, ...]] = (
    Voice(_R, "street-light", "The street light at {street} and the corner has been out for {days} days. It is pitch dark and my daughter walks home that way after practice.", "Thank you. The lamp is on a circuit with two others that are out; Public Works has one work order for all three and expects to repair it within five working days."),
    Voice(_R, "street-light", "Three lights in a row are dark on {street}. The one in front of the church buzzes and flickers.", "We passed this to Public Works as one order. A dark stretch of three lamps counts as urgent, so the crew is there this week."),
    Voice(_R, "street-light", "Light near {park} burns all day long. Seems like a waste of money.", "You are right, it is a day burner: the sensor on the pole is stuck. It has been reported and will be replaced on the next round."),
    Voice(_R, "street-light", "New lights on {street} shine straight into my bedroom. Can they be turned down after midnight?", "They can. Lamps on {street} are now dimmed to half from 11:30 pm until 5 am. Please tell us if that is not enough."),
    Voice(_R, "bin", "The bin by the bus stop on {street} is overflowing again. Rats come at night.", "The gauge in that bin was stuck and told us it was empty. It has been emptied by hand and the gauge replaced."),
    Voice(_R, "bin", "Somebody dumps household trash into the park bins at {park} every Sunday.", "Thank you. The park bins are now emptied on Monday mornings as well, and the patrol passes on Sunday evenings."),
    Voice(_R, "bin", "No one emptied the bins in {district} last week. Call me at {phone} if you need to know which ones.", "The round did not take place because a truck broke down. It was made up two days later. You do not need to call us; the fill levels show it."),
    Voice(_R, "noise", "Music from the house at the end of {street} until 3 am, {days} nights in a row. We have to get up for work.", "An officer spoke with the people there on Friday and came back on Saturday: it was quiet. If it begins again, please call the non-emergency line while it is going on."),
    Voice(_R, "noise", "Cars with loud exhausts race up and down {street} between 10 and midnight on weekends.", "We set up two evenings of traffic enforcement on {street}. The result will be in the monthly report for {district}."),
    Voice(_R, "noise", "Fireworks every night since the weekend. My dog is terrified and honestly so am I, you can't tell them from shots.", "We hear you. The sensors counted many more fireworks than usual in {district} this week, and none of the strings you describe was gunfire. We have added evening patrols until Sunday."),
    Voice(_R, "traffic", "Drivers ignore the stop sign at {street}. Near miss with a stroller this morning.", "Thank you for telling us. Officers watched the corner on three mornings and wrote eleven citations. The traffic engineer will look at moving the sign forward."),
    Voice(_R, "traffic", "Delivery vans park on the sidewalk on {street} every day around {time}. People with wheelchairs have to go into the road.", "Parking enforcement now passes there twice a day. We also wrote to the companies whose vans were cited."),
    Voice(_R, "traffic", "Abandoned pickup, plate {plate}, no wheels, has been on {street} for {days} days.", "It was tagged on Monday and towed on Thursday as the law requires us to wait 72 hours."),
    Voice(_R, "traffic", "The crossing light by the school gives you maybe six seconds. My kids can't make it across.", "The timing was changed to fourteen seconds yesterday. Please let us know whether it is enough."),
    Voice(_R, "traffic", "Somebody took down the speed limit sign on {street} and now everyone does fifty.", "The sign is back up. The speed trailer stands there for two weeks."),
    Voice(_R, "safety", "People sit in a parked car outside the store on {street} most evenings and sell something. I don't want my name on this.", "Thank you. Your message carries no name and we do not need one. The district's officers know the place now; we cannot say more while they work on it."),
    Voice(_R, "safety", "My catalytic converter was cut off in front of my house, that's the third on our block this month. I'm at {home}, {name}.", "We are sorry. We see the same pattern and have put a night patrol on your block. If you still need a report number for your insurance, the online form takes ten minutes."),
    Voice(_R, "safety", "The vacant house on {street} is open again, somebody sleeps in there and there was a small fire last night.", "The fire marshal inspected it on Tuesday and the owner was ordered to board it up. The outreach team spoke with the person and found a bed for the night."),
    Voice(_R, "safety", "Broken glass all along the parking lot by {park}, at least four car windows this week.", "We found four reports, all between 6 and 9 pm while people were running. Officers walk the lot at those hours now, and signs remind people to leave nothing in view."),
    Voice(_R, "safety", "Heard maybe five shots near {street} about {time}, nobody came. Was that ever looked into?", "Yes. The sensors located it, a patrol arrived after six minutes and found casings. It is in the gunfire ledger for {district} as confirmed."),
    Voice(_R, "safety", "Group of teenagers throwing rocks at the buses on {street}.", ""),
    Voice(_R, "safety", "My neighbor {name} has been leaving packages out for days and the car hasn't moved. I am a bit worried.", "An officer knocked and all is well. Thank you for looking out for your neighbor."),
    Voice(_R, "charging", "Two of the four chargers at the lot on {street} say out of order since last week.", "One is repaired, the other waits for a part. The status on this site is right again."),
    Voice(_R, "charging", "A gas car sits in the charging spot at {street} every single day, plate {plate}.", "It was cited twice. The spot now has a painted floor and a sign."),
    Voice(_R, "other", "Graffiti on the underpass, some of it pretty hateful. Please clean it fast.", "It was painted over within a day. Because of what it said, a detective has the photos too."),
    Voice(_R, "other", "There's a big pothole right after the railroad tracks on {street}. I bent a rim.", "That belongs to Streets; we sent it on and they filled it on Wednesday. Claims for damage go to the city clerk."),
    Voice(_R, "other", "Found a wallet near {park}, it belongs to a {name}. Where can I bring it?", "Any station takes it, or hand it to the next patrol you see. Thank you."),
    Voice(_R, "patrol", "We never see an officer in {district} except when something happened. Would it kill you to walk around once?", "Fair point. Since this month two officers walk {street} on weekday afternoons. You can see the hours on the page of your district."),
    Voice(_Q, "records", "The map says 14 burglaries in my district but my neighbor's app says 20. Which is right?", "Ours counts reports that were confirmed as burglary; yours may count calls. The methods page says what each number is, and the file beside it has every row."),
    Voice(_Q, "records", "Why is the assault I reported not on the map?", "Crimes against people are only shown in groups of five or more from at least three addresses, so that nobody can be picked out. Yours is in the number for the whole area."),
    Voice(_Q, "records", "How do I get a copy of the report for my crash on {street}? The number was 4471.", "You can order it online or at the records window with a photo ID. It costs nothing if you were a driver."),
    Voice(_Q, "records", "Does the site store the address I type into the search box?", "No. The search runs, the area is shown and the words are forgotten. They are not in any log."),
    Voice(_Q, "records", "Your CSV has a column called precision. What does it mean that mine says week?", "It means that the day is not published for this kind of incident, only the week it happened in."),
    Voice(_Q, "safety", "Is it true that the gunshot microphones record what we say on our porches?", "No. They send the time and the shape of a bang, never sound from the street. What each message holds is on the sensors page, field by field."),
    Voice(_Q, "safety", "Are the car break-ins around {park} getting worse or does it just feel that way?", "There were 11 in the last four weeks against 9 in the same weeks last year. That difference may well be chance; the chart on the page of {district} shows the range."),
    Voice(_Q, "safety", "Who do I call about someone shouting at people on the bus, is that 911?", "If somebody is in danger, yes. Otherwise the driver can ask the control room, and the crisis team comes instead of a patrol."),
    Voice(_Q, "safety", "What should I do with ammunition I found in my late father's garage?", "Please do not put it in the trash. Call the non-emergency line and an officer picks it up."),
    Voice(_Q, "patrol", "When is the next meeting for {district} and is there childcare?", "The second Tuesday at 6:30 pm in the library. Childcare and Spanish interpretation are there; you need not sign up."),
    Voice(_Q, "patrol", "How many officers are on duty at night in my district? Trying to understand why it took 40 minutes for a noise call.", "At night four cars cover it. A noise call waits while more urgent ones are open; the median last month was 33 minutes, which we do not think is good."),
    Voice(_Q, "traffic", "Who decides where the speed camera van goes?", "The traffic engineer, from the list of collisions with injuries. The list is public and so are the hours."),
    Voice(_Q, "noise", "What time does construction noise have to stop?", "At 8 pm on weekdays and 6 pm on weekends, unless there is a permit on the fence."),
    Voice(_Q, "street-light", "How long should it take until a reported street light is fixed?", "Our promise is five working days for a single lamp. Last month nine in ten were done in time, and those that were not are listed."),
    Voice(_Q, "charging", "Will there be a charger on {street} for people who live in apartments?", ""),
    Voice(_Q, "bin", "How does the city know that a bin is full?", "A small gauge under the lid measures the distance to the trash every four hours. Nothing else is measured."),
    Voice(_Q, "other", "Can I ride along with an officer for a school project? You can reach my teacher at {email}.", "Yes, from sixteen years with a parent's signature. We wrote to you by this page only; please send the form from the about page."),
    Voice(_Q, "other", "Is there a way to thank an officer if I don't know the name?", "Tell us the day, the time and the place and we will find out. With your permission we publish it as a commendation."),
    Voice(_P, "patrol", "The officer who helped my mother with her car on {street} last {weekday} was so kind and waited with her until the tow came. Thank you!", "We found out who it was and read your words at roll call. Thank you for taking the time."),
    Voice(_P, "patrol", "Shout out to the two officers who played basketball with the kids at {park}. They talk about nothing else.", "They say the kids won. They will be back on Thursdays."),
    Voice(_P, "safety", "Called about a break-in, someone was here in five minutes, calm and thorough. — {name}", "Thank you. We passed it on to the night shift."),
    Voice(_P, "safety", "The crisis worker who came with the officer for my brother was wonderful. Nobody raised their voice.", "Thank you for telling us. We shared this with the team, without anything that could point to your family."),
    Voice(_P, "street-light", "Reported the dark corner on Monday and it was fixed on Wednesday. Did not expect that.", "Neither did the old system. Thank you for reporting it."),
    Voice(_P, "records", "I teach statistics at the community college and we use your files in class. Please keep the data dictionary exactly as it is.", "We promise ninety days of notice before anything is renamed. Send us what your students find."),
    Voice(_P, "bin", "Since the new bins came {park} is clean again even on Mondays.", "Good to hear. They are emptied when they are full and not by the calendar."),
    Voice(_P, "noise", "Thank you for dealing with the party house. First quiet weekend since summer.", ""),
    Voice(_C, "patrol", "I waited {days} days for a call back about my stolen truck. Nobody has told me anything. My number is {phone}.", "You should have had a call within two days and did not. The detective sergeant has taken the case over and has left you a message."),
    Voice(_C, "records", "Your site showed a burglary on my block and now the buyer of my house backed out. Numbers without context do harm.", "We understand. A dot stands for at least twenty addresses, and we now say so in larger letters beside the map."),
    Voice(_C, "traffic", "I got a ticket on {street} where the no parking sign is hidden behind a tree. I want it looked at.", "You are right about the tree. It was cut back, and the court clerk has our note about your ticket; the decision is theirs."),
    Voice(_C, "noise", "The street sweeper comes at 4:40 in the morning. Who approves this?", "Public Works. They agreed to start after 6 on residential blocks from next month."),
    Voice(_C, "safety", "We keep hearing there is no money for cameras at the school crossing but there is money for a new parking lot at the station.", "Both are in the public budget; the crossing was voted for next year. We will bring this up at the meeting in {district}."),
    Voice(_C, "other", "The online form lost everything I typed when I went back. I gave up twice.", "That was a fault in the form. It is mended, and the form now keeps what you typed."),
    Voice(_C, "conduct", "An officer stopped my son on {street} around {time} and would not say why. He is 17 and he was carrying groceries. I want to know the reason. {name}, {phone}", "", about_officer=True),
    Voice(_C, "conduct", "The officer at the front desk laughed when I said what happened to me. I will not come back there.", "", about_officer=True),
    Voice(_C, "conduct", "Patrol car with number 417 ran the red light at {street} without siren and almost hit a cyclist.", "The Office of Police Oversight has opened a case and will write to you here within thirty days.", about_officer=True),
    Voice(_C, "conduct", "Two officers searched my car without asking me at {street}. They found nothing and drove off. No receipt, no names.", "The Office of Police Oversight has the recordings of that stop. You will hear the finding here.", about_officer=True),
)  # fmt: skip

OPENINGS: Final = (
    "",
    "",
    "",
    "Hello. ",
    "Hi. ",
    "Good morning. ",
    "To whom it may concern: ",
    "Second time I write about this. ",
)
CLOSINGS: Final = (
    "",
    "",
    "",
    " Thanks.",
    " Thank you for your time.",
    " Please do something.",
    " A neighbor in {district}.",
    " You can write to me at {email}.",
    " Call me: {phone}.",
)
