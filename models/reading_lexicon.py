"""Word lists for reading articles: verbs of speech, roles, kinds of parties, first names.

Only words and the regular expressions made of them; what they mean for an article is decided
elsewhere. All words are lower case.
"""

import re


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


SPEECH_VERBS = word_set(
    """
    acknowledge acknowledged acknowledges add added adds admit admits admitted advise advised affirm affirmed
    affirms agree agreed agrees announce announced announces answer answered answers appeal appealed appeals
    argue argued argues ask asked asks assert asserted asserts believe believed believes boast boasted call
    called calls caution cautioned cautions chant chanted claim claimed claims comment commented comments
    complain complained complains concede conceded concedes conclude concluded concludes condemn condemned
    condemns confirm confirmed confirms contend contended contends continue continued continues counter
    countered counters cried cries cry declare declared declares demand demanded demands denied denies denounce
    denounced denounces deny describe described describes dismiss dismissed dismisses emphasise emphasised
    emphasises emphasize emphasized emphasizes explain explained explains hint hinted hints hope hoped hopes
    insist insisted insists interject interjected joke joked jokes maintain maintained maintains mutter muttered
    note noted notes object objected observe observed observes offer offered offers plead pleaded pleads pledge
    pledged pledges post posted posts predict predicted predicts proclaim proclaimed promise promised promises
    propose proposed proposes protest protested quip quipped quips quote quoted read reads recall recalled
    recalls reiterate reiterated reiterates remark remarked remarks repeat repeated repeats replied replies
    reply report reported reports respond responded responds retort retorted reveal revealed reveals said say
    saying says shout shouted shouts signal signaled signalled signals snap snapped speak speaks spoke state
    stated states stress stressed stresses suggest suggested suggests swear swore tell tells testified testify
    think thinks thought threaten threatened threatens thunder thundered told tweet tweeted tweets underline
    underlined underlines urge urged urges vow vowed vows warn warned warns whisper whispered write writes
    written wrote
    """
)
# Verbs that only introduce speech: with these a trailing "..., X said" makes X the holder.
PLAIN_SPEECH_VERBS = word_set(
    """
    acknowledged add added adds admitted announce announced announces argue argued argues believe believes claim
    claimed claims commented complained concede conceded concluded confirm confirmed continued declare declared
    declares emphasised emphasized explain explained insist insisted insists note noted notes pledged posted
    predicted promised recalled reiterate reiterated remarked replied said say says state stated stress stressed
    suggested tell tells told tweeted underlined vowed warn warned warns write writes wrote
    """
)
ROLE_NOUNS = word_set(
    """
    activist admiral adviser advisor agent aide ambassador analyst arbitrator archbishop attorney author
    ayatollah bishop boss brigadier broker campaigner captain ceo cfo chair chairman chairperson chairwoman
    chancellor chaplain chief cleric co-chair co-leader coach colleague colonel columnist commander commissioner
    congressman congresswoman convener convenor coordinator correspondent councillor counterpart counterparts
    dean delegate deputy diplomat director director-general doctor driver economist editor emir engineer envoy
    expert facilitator farmer fighter founder general governor head historian host imam journalist judge king
    landlord lawmaker lawyer leader lieutenant major manager marshal mayor mediator member miner minister
    ministers monarch mp negotiator negotiators nurse officer official ombudsman organiser organizer owner
    passenger pilot pope predecessor premier president president-elect prince princess professor prosecutor
    publisher queen rabbi rector reporter representative researcher resident ringleader scientist secretary
    secretary-general senator sergeant shah shareholder sheikh speaker spokesman spokespeople spokesperson
    spokeswoman steward strategist striker successor sultan superintendent teacher tenant treasurer trustee
    undersecretary undersecretary-general veteran vice-president warlord whip witness worker
    """
)
TITLES = word_set(
    """
    abbot adm admiral ambassador archbishop ayatollah bishop brigadier brother canon capt captain cardinal
    chairman chairwoman chancellor chaplain chief citizen climate cllr col colonel commander commissioner
    commodore comrade congressman congresswoman constable councillor dame dean defence defense delegate deputy
    director dom don dr education elder emir energy envoy father finance foreign foreman frau gen general gov
    governor grand h.e haji health herr hojatoleslam home hon imam inspector interior judge justice king labor
    labour lady lama leader lieutenant lord lt maj major marshal mayor minister miss mlle mme monsignor mp mr
    mrs ms mufti mullah mx pastor pope premier president prime prince princess prof professor provost queen
    rabbi rep representative rev reverend sayyid secretary sen senator sergeant sgt sheik sheikh sheriff sir
    sister speaker spokesman spokesperson spokeswoman sultan supreme syed trade transport ustaz vicar vice
    warden
    """
)
FEMALE_WORDS = word_set(
    """
    actress chairwoman congresswoman dame lady miss mrs ms princess queen sister spokeswoman
    """
)
MALE_WORDS = word_set(
    """
    brother chairman congressman emir father imam king lord mr pope prince sheikh sir spokesman sultan
    """
)
PARTY_NOUNS = word_set(
    """
    activists actors administration adversaries adversary agency airline alliance allies ally armies army
    association authorities backers bank bishops bloc board bondholders bosses bureau cabinet camp campaigners
    captors carrier centre-left centre-right chain chancellors chiefs church churches clans clerics club clubs
    coalition colonels commanders commission committee community companies company conservatives consortium
    council counterparts countries country county creditors crews delegates delegation delegations democrats
    demonstrators developers dictatorship diplomats district dockers dockworkers doctors drivers elders embassy
    employees employer employers enemies enemy executive exporters faction factions families far-right farmers
    fascism federation fighters firm firms fishermen fishers forces front generals government governments greens
    group groups growers guerrillas gunmen handlers hardliners headquarters hijackers hospital hostage-takers
    hosts importers insurgents investors islanders junta kidnappers kingdom landlords lawmakers lawyers leaders
    leadership league lenders liberals management manufacturer mayors mediators militants military militia
    militiamen militias miners ministers ministry mission moderates movement mullahs museum nationalists nations
    negotiators neighbors neighbours nurses office officials operator operators opponents opposition owners
    paramilitaries parliament parties partners party pilots pirates players police presidency presidents
    producer producers protesters province publishers rebel rebels regime region republic republicans residents
    retailer rivals secretariat senators separatists shareholders side sides socialists spokesmen staff state
    states steelworkers strikers students studios supplier surveyors teachers team tenants theocracy tribes
    truckers trustees union unionists unions university utility villagers wing worker workers writers
    """
)
CALENDAR = word_set(
    """
    apr april aug august bst christmas dec december easter feb february friday gmt jan january jul july jun june
    mar march may monday nov november oct october ramadan saturday sep sept september sunday thursday tuesday
    utc wednesday
    """
)
NOT_NAMES = word_set(
    """
    a about according across after again against all also although among an and another any anyone are around as
    asked asking at be because been before between both breaking but by can comment could days dear despite
    dialogue did do does dr during each earlier early editor eight either english even every everybody everyone
    exclusive few finally first five following for four from furthermore given good had has have he hence her
    here his hours how however hurry i i'm i've if in instead interview is it its just last late later let like
    listen live look many may maybe me meanwhile might minutes months more moreover most mr mrs ms much must my
    negotiations neither never next nine no nobody none nor not nothing now of officials ok okay on one only
    opinion or other our over overnight perhaps please q rather relying second seven several shall she should
    since sir sitting six so some someone source sources speaking standing still such sure talks ten thank
    thanks that the their them then there therefore these they third this those though three thus to today
    tomorrow two under unless unlike until update us was we we're weeks well were what whatever when where which
    whichever while who whoever whom whose why will with within without would years yes yesterday yet you your
    """
)
ORGANISATION_WORDS = word_set(
    """
    agency airlines airways alliance army assembly association authority bank board brigade brigades brotherhood
    chamber channel club coalition commission committee company confederation congress corporation council court
    daily department energy federation force forces forum front fund gmbh government group guard guards guild
    herald hospital house inc initiative institute kingdom league ltd media mines ministry mission motors
    movement nations network news newspaper nurses office organisation organization parliament party plc ports
    post power press radio rail railways republic secretariat senate society states steel teachers television
    times treaty tribune trust tv union university workers
    """
)
MALE_NAMES = word_set(
    """
    abdul abdullah adam ahmad ahmed alan alex alexei ali amit anders andrew andrzej anthony antonio arjun arthur
    avi barack barry ben benjamin bilal bill bob boris brian carlos charles chidi christopher colin dan daniel
    david dennis derek diego dmitry donald edward emmanuel eric erik felix francois frank françois fred gary
    george gerard giovanni giuseppe gordon graham greg hamid hans hassan henry hiroshi hugo ian ibrahim igor
    ivan jacques jakub james jan javier jean jens jim joe john jorge jose josef joseph josé juan jun karim karl
    keith ken kenji kevin khalid klaus kofi kwame lars laurent leo li liam luc luca luis malcolm manuel marc
    marco marek mario mark markus martin matteo matthew max michael michel miguel mikhail mohamed mohammad
    mohammed moshe muhammad narendra nasser neil nigel nikolai nils oleg olivier olof omar oscar owen pablo
    paolo patrick paul pavel pedro peter philip pierre piotr raj ravi reza richard robert roberto ron roy salim
    sam samuel sanjay sean sergei sergey simon stefan steve stuart takeshi tariq thomas tim tom tomasz trevor
    tunde victor viktor vladimir walter wei william yitzhak yusuf
    """
)
FEMALE_NAMES = word_set(
    """
    agnieszka aisha alice amara amelie amina amélie ana angela anita ann anna anne annika astrid barbara beatriz
    birgit bridget brigitte camille carmen carol catherine charlotte chiara chioma chloe claire clara deborah
    diana diane dorothy elena elizabeth ellen emily emma esther eva ewa fatima fiona francesca gabriela giulia
    grace greta hannah helen helena hillary huda indira ingrid irina isabel jane janet jean jennifer jessica
    joan joyce julia julie kamala karen karin katarzyna kate katherine katie keiko kristin laura layla leila
    linda ling lisa lucia ludmila maeve magdalena margaret maria mariam marie marta martha mary mei michelle
    mina miriam moira monika nadia nancy naomi natalia nathalie ngozi nina noor nora oksana olga olivia patricia
    paula petra pilar priya rachel rebecca rosa rosalind ruth samira sandra sara sarah sharon sigrid siobhan
    sofia sophia sophie sunita susan svetlana sylvie tara tatiana teresa theresa ursula valentina vera victoria
    yasmin yuki zainab zoe
    """
)
# Parts of a party that act for the whole: "the union's executive" is the union.
ORGANS = word_set(
    """
    administration army authorities board cabinet camp delegation delegations executive forces government
    headquarters leadership management military negotiators office officials representatives side team
    """
)
# Words for an organisation of any kind, which may stand for whichever was named last.
ANY_ORGANISATION = word_set(
    """
    agency association body charity company firm organisation organization
    """
)
# Words in the names of newspapers, broadcasters and agencies.
OUTLET_WORDS = word_set(
    """
    advertiser afp agency ap argus bbc broadcasting bulletin channel chronicle cnn courier daily dispatch dpa
    echo examiner express figaro fm gazette globe guardian herald inquirer journal krant magazine mail mercury
    messenger mirror monde news observer post press radio reuters review sentinel spiegel standard star sun
    telegraph television times today tribune tv voice weekly wire zeitung
    """
)
# Words before a title that are none by themselves ("Foreign Minister", "Foreign Affairs").
TITLE_MODIFIERS = word_set(
    """
    climate defence defense deputy education energy finance foreign health home interior justice labor labour prime
    supreme trade transport vice
    """
)
# Verb forms without the endings -s and -ed.
BASE_VERBS = word_set(
    """
    accept agree am are back be began believe bought broke brought call came can cannot caught chose come
    continue could cut demand deny did do does drew dug expect fear fell felt forgot fought found froze gave go
    got grew had has have held hit hold hope hung insist intend is keep kept knew know laid led left let lost
    made may mean meant meet met might must need negotiate offer oppose paid plan prefer put quit ran rang read
    refuse reject remain rose sat saw say see seek sent set shall should shut sit slid sold sought spent split
    spoke spread stand stole stood struck stuck support swore talk think thought threaten threw told took tore
    understood urge wait walk want warn was went were will withdrew won would wrote
    """
)
# Words that end a noun phrase.
FUNCTION_WORDS = word_set(
    """
    a after against an and are as at because before between by during for from had has have her his in is its of
    on our over said says since than that the their these this those to told until was were when where which
    while who will with would
    """
)
# Nouns that say or demand something without being a party.
TEXTS_AND_EVENTS = word_set(
    """
    accord agency agreement annex announcement answer article attack best bill book broadcast call ceasefire
    clause communique conference conflict crisis crowd day deal decision declaration demand dispute document
    election email first headline hour last law letter measure meeting message month move news newspaper next
    night note offer only paper plan poll post proposal question reply report resolution result results road
    round rumour second session speech statement story strike study summit survey talk talks text that third
    treaty truce tweet voice vote war week who year
    """
)
SPEECH_NOUNS = (
    r"(?:words|remarks?|statements?|comments?|message|letter|speech|address|tweet|post|reply|answer|response|warning"
    r"|appeal|verdict)"
)
MONTHS = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|Jan\.?|Feb\.?|Mar\.?|Apr\.?|Jun\.?|Jul\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?)"
)


# Capital letters of the Latin alphabets, for use inside a character class.
UPPER = "A-Z" + "".join(chr(code) for code in range(0xC0, 0x250) if chr(code).isupper())


def alternatives(words: frozenset[str]) -> str:
    """A regular expression group of the words, longest first, so that the longest wins."""
    return "(?:" + "|".join(sorted(map(re.escape, words), key=lambda word: (-len(word), word))) + ")"
