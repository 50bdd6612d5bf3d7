"""Word lists for reading articles: verbs of speech, roles, kinds of parties, names of countries.

Only words and the regular expressions made of them; what they mean for an article is decided
elsewhere. All lists are lower case unless names are meant.
"""

import re

SPEECH_VERBS = frozenset(
    """say says said saying tell tells told add adds added announce announces announced declare declares declared
    state states stated claim claims claimed argue argues argued insist insists insisted warn warns warned reply replies
    replied respond responds responded answer answers answered ask asks asked explain explains explained note notes noted
    remark remarks remarked observe observes observed comment comments commented continue continues continued conclude
    concludes concluded confirm confirms confirmed deny denies denied admit admits admitted acknowledge acknowledges
    acknowledged concede concedes conceded suggest suggests suggested promise promises promised vow vows vowed pledge
    pledges pledged urge urges urged stress stresses stressed emphasise emphasised emphasises emphasize emphasized
    emphasizes reiterate reiterates reiterated repeat repeats repeated maintain maintains maintained write writes wrote
    written tweet tweets tweeted post posts posted shout shouts shouted cry cries cried call calls called speak speaks
    spoke complain complains complained joke jokes joked quip quips quipped predict predicts predicted recall recalls
    recalled reveal reveals revealed report reports reported believe believes believed think thinks thought hope hopes
    hoped mutter muttered whisper whispered thunder thundered snap snapped counter counters countered retort retorted
    caution cautions cautioned contend contends contended assert asserts asserted affirm affirms affirmed proclaim
    proclaimed underline underlined underlines interject interjected demand demands demanded propose proposes proposed
    agree agrees agreed object objected protest protested plead pleaded pleads appeal appealed appeals boast boasted
    testify testified signal signals signalled signaled hint hints hinted read reads quote quoted describe describes
    described dismiss dismisses dismissed denounce denounces denounced condemn condemned condemns offer offered offers
    advise advised threaten threatens threatened swear swore chant chanted""".split()
)
# Verbs that only introduce speech: with these a trailing "..., X said" makes X the holder.
PLAIN_SPEECH_VERBS = frozenset(
    """say says said tell tells told add adds added announce announces announced declare declares declared state stated
    claim claims claimed argue argues argued insist insists insisted warn warns warned explain explained note notes noted
    confirm confirmed concede conceded stress stressed reiterate reiterated write writes wrote tweeted posted continued
    replied remarked commented concluded acknowledged admitted believe believes predicted recalled suggested emphasised
    emphasized underlined vowed pledged promised complained""".split()
)
SPEECH_NOUNS = r"(?:words|remarks?|statements?|comments?|message|letter|speech|address|tweet|post|reply|answer|response|warning|appeal|verdict)"

ROLE_NOUNS = frozenset(
    """president premier minister ministers secretary leader chief chairman chairwoman chairperson chair director head spokesman
    spokeswoman spokesperson spokespeople ambassador envoy negotiator negotiators mediator delegate commissioner chancellor governor
    mayor senator congressman congresswoman representative deputy lawmaker mp king queen prince princess sultan emir
    general colonel commander major admiral ayatollah imam cleric bishop pope rabbi analyst professor expert economist
    lawyer attorney officer official executive ceo cfo founder owner manager coach captain striker agent organiser organizer
    activist campaigner steward president-elect adviser advisor aide diplomat speaker treasurer whip councillor
    judge prosecutor ombudsman arbitrator coordinator convenor editor journalist columnist correspondent reporter author
    fighter member veteran scientist researcher teacher nurse doctor driver pilot miner farmer worker undersecretary
    superintendent dean rector trustee broker host boss""".split()
)
TITLES = frozenset(
    """mr mrs ms miss mx dr sir dame lord lady prof professor president premier chancellor minister senator sen rep
    representative congressman congresswoman governor gov mayor judge justice general gen colonel col captain capt major
    maj lieutenant lt sergeant sgt admiral adm commander king queen prince princess sheikh emir sultan ayatollah imam
    pope bishop archbishop rabbi father sister brother ambassador secretary speaker chairman chairwoman commissioner
    comrade reverend rev councillor cllr mp inspector brigadier marshal envoy spokesman spokeswoman spokesperson
    mullah hojatoleslam foreign prime deputy vice defence defense interior finance labour labor trade energy climate
    home health transport justice education""".split()
)
FEMALE_WORDS = frozenset("mrs ms miss dame lady spokeswoman chairwoman congresswoman queen princess sister actress".split())
MALE_WORDS = frozenset("mr sir lord spokesman chairman congressman king prince brother father sheikh emir sultan imam pope".split())

PARTY_NOUNS = frozenset(
    """union unions government governments regime ministry company companies firm management employer employers worker workers
    rebels rebel insurgents militia militias army military forces opposition coalition alliance party parties parliament cabinet
    delegation delegations negotiators mediators council board federation association league club players owners teachers nurses
    drivers doctors strikers farmers ministers officials diplomats kidnappers hostage-takers captors guerrillas fighters separatists
    side sides ally allies faction factions movement front group groups authorities leadership administration commission
    bloc city hospital university airline supplier bank team committee kingdom republic junta dictatorship
    theocracy fascism mullahs clerics envoy campaigners protesters demonstrators students activists residents tenants
    landlords developers publishers studios writers actors pilots miners dockers crews shareholders investors creditors
    bondholders lenders state states partners counterparts enemy enemies adversary adversaries rivals opponents hardliners moderates
    conservatives liberals socialists democrats republicans greens nationalists unionists lawmakers senators delegates
    secretariat agency presidency leaders chiefs militants hosts islanders villagers tribes elders community
    capital embassy mission police staff carrier operator operators exporters importers growers fishermen
    fishers truckers negotiator mediator lawyers centre-left centre-right far-right parties' employees bosses producer producers
    utility consortium manufacturer retailer chain museum school schools district county province region
    ministry's mediators' nations countries country neighbours neighbors backers paramilitaries police""".split()
)
NOT_PARTIES = frozenset("other both same".split())

ABSTRACT_VERBS = re.compile(r"\b(?:must|should|ought to)\b")

MONTHS = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan\.?|Feb\.?|Mar\.?|Apr\.?|Jun\.?|Jul\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?)"
)
CALENDAR = frozenset(
    """january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday christmas easter ramadan gmt bst utc""".split()
)
NOT_NAMES = frozenset(
    """the a an this that these those there here it its he his she her they their them we our us you your i my me in on at
    by for from to of with without within under over after before during since until while when where why what who whom
    whose which how if unless because although though but and or nor so yet then thus hence therefore however meanwhile
    moreover furthermore instead still also even only just not no never nothing none neither either both all any some
    each every many most more much few several another other such one two three four five six seven eight nine ten last
    next first second third finally later earlier early late today tomorrow yesterday now again perhaps maybe asked let
    hours days weeks months years according despite given as like unlike rather well yes sure please thank thanks
    sources source officials according nobody everyone everybody someone anyone mr mrs ms dr sir talks negotiations dialogue
    is are was were be been do does did has have had will would can could may might shall should must
    hurry relying asking speaking standing following sitting minutes among between against about around across
    q a update breaking good dear okay ok look listen""".split()
)
ORGANISATION_WORDS = frozenset(
    """union party ministry government council federation association committee commission league front army movement
    group company corporation inc ltd plc gmbh authority agency organisation organization parliament assembly senate
    congress court bank university institute department office club airlines airways hospital brotherhood alliance
    confederation congress guild society trust network coalition republic kingdom states nations board fund forum
    brigade brigades forces guard guards house force treaty initiative teachers workers nurses railways rail steel
    mines ports motors energy power media press news times post agency daily tribune herald""".split()
)
MALE_NAMES = frozenset(
    """ali hassan ahmed ahmad mohammed mohammad muhammad mohamed omar ibrahim yusuf khalid karim hamid reza john james david
    michael robert william richard thomas mark paul peter george andrew daniel joseph charles christopher matthew
    anthony donald joe barack vladimir sergei sergey dmitry ivan alexei mikhail nikolai oleg igor boris viktor pavel jan piotr
    tomasz marek andrzej jakub josef karl hans klaus peter stefan martin thomas markus jens lars erik anders nils olof
    pierre jean jacques michel francois françois laurent luc marc olivier antonio jose josé juan carlos luis miguel
    pedro jorge javier manuel diego pablo mario marco luca giovanni giuseppe paolo matteo roberto tom tim jim bob bill
    ben sam dan steve kevin brian simon alan ian neil gary frank fred henry edward arthur oscar victor hugo leo max
    felix samuel emmanuel kwame kofi tunde chidi abdul abdullah tariq bilal salim nasser benjamin yitzhak moshe avi
    ravi raj amit sanjay arjun narendra wei jun li hiroshi kenji takeshi gerard patrick sean liam owen dennis greg
    graham stuart keith ken roy ron walter gordon malcolm colin derek nigel trevor barry philip eric adam alex""".split()
)
FEMALE_NAMES = frozenset(
    """mary anna anne ann maria marie elena helena ellen helen sarah sara susan linda karen lisa laura julia julie
    jane janet jennifer jessica emma emily olivia sophia sophie charlotte claire clara chloe rachel rebecca ruth hannah
    katherine catherine kate katie elizabeth margaret angela ursula theresa teresa hillary nancy kamala michelle
    fatima aisha amina leila layla mariam zainab nadia samira yasmin noor huda ingrid astrid karin kristin birgit
    annika greta sigrid eva ewa katarzyna magdalena agnieszka olga natalia irina svetlana tatiana ludmila oksana
    isabel carmen lucia sofia ana rosa elena paula pilar beatriz francesca giulia chiara valentina camille
    amelie amélie nathalie sylvie brigitte priya anita sunita indira mei ling yuki keiko grace ngozi chioma amara
    esther miriam naomi rosalind diane diana dorothy alice martha marta joan jean joyce carol sharon deborah patricia
    barbara sandra victoria vera zoe nina mina tara fiona moira siobhan bridget nora maeve petra monika gabriela""".split()
)


def alternatives(words: frozenset[str]) -> str:
    """A regular expression group of the words, longest first, so that the longest wins."""
    return "(?:" + "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word))) + ")"
