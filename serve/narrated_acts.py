"""Whether a narrated sentence tells of an act ("its retreat under pressure") or only of a position.

A word list and two rules: an act word, and nothing that makes it a mere intention or possibility.
What it finds is a hint for comparing words with deeds, not a reading of the sentence.
"""

import re

_ACTS = re.compile(
    r"\b(?:accept(?:ed|ance)|abandon(?:ed|s)|appoint(?:ed|s)|arrest(?:ed|s)|arriv(?:ed|es)|attack(?:ed|s)|attend(?:ed|s)|"
    r"banned|block(?:ed|ades?)|bomb(?:ed|ing|s)|boycott(?:ed|s)|broke(?: off)?|call(?:ed|ing) off|cancel(?:led|ed|s)|"
    r"clos(?:ed|es)|compl(?:ied|ies|iance)|concession to|conced(?:ed|es)|cut off|deliver(?:ed|s)|deport(?:ed|s)|"
    r"deploy(?:ed|s|ment)|dispatch(?:ed|es)|evacuat(?:ed|es)|exchang(?:ed|es)|expel(?:led|s)|fired|flew|freed|froze|"
    r"halt(?:ed|s)|handed over|held (?:talks|a meeting|meetings)|host(?:ed|s)|impos(?:ed|es|ition)|invad(?:ed|es)|"
    r"issu(?:ed|es|ing)|jail(?:ed|s)|launch(?:ed|es)|left the|lift(?:ed|s)|lock(?:ed|s) out|met(?: with)?|moved|"
    r"mobili[sz](?:ed|es)|open(?:ed|s) (?:the|a)|paus(?:ed|es)|pull(?:ed|s) (?:out|back)|raid(?:ed|s)|"
    r"rais(?:ed|es) the|ratif(?:ied|ies)|(?:its|his|her|their|daily) (?:actions|conduct|dealings|deeds|interactions)|"
    r"in practice|"
    r"reject(?:ed|ion)|releas(?:ed|es)|reopen(?:ed|s)|resum(?:ed|es|ption)|retreat(?:ed|s|ing)?|return(?:ed|s) to|"
    r"seiz(?:ed|es)|sent|shell(?:ed|s|ing)|shut|signed|stopp(?:ed)|struck|suspend(?:ed|s)|suspension|tor(?:e|n) up|"
    r"travel(?:led|ed)|voted|walk(?:ed|s) out|walkout|went on strike|withdr(?:ew|awal)|yield(?:ed|s))\b",
    re.IGNORECASE,
)
_MERE = re.compile(
    r"\b(?:will|would|could|may|might|must|should|shall|can|cannot|intend(?:s|ed)?|wants?|wanted|plans?|planned|hopes?|"
    r"threaten(?:s|ed)?|promis(?:es|ed)|if|unless|whether|said|says|believes?|thinks?|means?)\b|\b(?:never|not)\b",
    re.IGNORECASE,
)


def tells_of_an_act(text: str) -> bool:
    act = _ACTS.search(text)
    return act is not None and not _MERE.search(text[: act.start()])
