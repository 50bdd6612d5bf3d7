"""Countries and international bodies under their many names: "Americans", "Washington", "the US".

A table and a look-up. Does not know what an article says of them.
"""

from functools import lru_cache

from models.reading_lexicon import word_set

# canonical | names used for it ... ; demonym adjectives first
_TABLE = """
United States|American|Americans|America|US|U.S.|USA|U.S.A.|Washington
United Kingdom|British|Britons|Britain|Great Britain|UK|U.K.|London
Iran|Iranian|Iranians|Tehran|Islamic Republic|Islamic Republic of Iran
Russia|Russian|Russians|Moscow|Russian Federation
Ukraine|Ukrainian|Ukrainians|Kyiv|Kiev
China|Chinese|Beijing|People's Republic of China
Taiwan|Taiwanese|Taipei
North Korea|North Korean|North Koreans|Pyongyang|DPRK
South Korea|South Korean|South Koreans|Seoul
Japan|Japanese|Tokyo
India|Indian|Indians|New Delhi|Delhi
Pakistan|Pakistani|Pakistanis|Islamabad
Afghanistan|Afghan|Afghans|Kabul
Israel|Israeli|Israelis|Jerusalem|Tel Aviv
Palestinian Authority|Ramallah
Palestinians|Palestinian|Palestine
Lebanon|Lebanese|Beirut
Syria|Syrian|Syrians|Damascus
Iraq|Iraqi|Iraqis|Baghdad
Saudi Arabia|Saudi|Saudis|Riyadh
Yemen|Yemeni|Yemenis|Sanaa
Qatar|Qatari|Qataris|Doha
Kuwait|Kuwaiti|Kuwaitis
Oman|Omani|Omanis|Muscat
Jordan|Jordanian|Jordanians|Amman
United Arab Emirates|Emirati|Emiratis|UAE|Abu Dhabi
Egypt|Egyptian|Egyptians|Cairo
Libya|Libyan|Libyans|Tripoli
Tunisia|Tunisian|Tunisians|Tunis
Algeria|Algerian|Algerians|Algiers
Morocco|Moroccan|Moroccans|Rabat
Sudan|Sudanese|Khartoum
South Sudan|South Sudanese|Juba
Ethiopia|Ethiopian|Ethiopians|Addis Ababa
Eritrea|Eritrean|Eritreans|Asmara
Somalia|Somali|Somalis|Mogadishu
Kenya|Kenyan|Kenyans|Nairobi
Uganda|Ugandan|Ugandans|Kampala
Rwanda|Rwandan|Rwandans|Kigali
Congo|Congolese|Kinshasa|DRC
Nigeria|Nigerian|Nigerians|Abuja
Ghana|Ghanaian|Ghanaians|Accra
Mali|Malian|Malians|Bamako
South Africa|South African|South Africans|Pretoria
Turkey|Turkish|Turks|Türkiye|Ankara
Greece|Greek|Greeks|Athens
Cyprus|Cypriot|Cypriots|Nicosia
Armenia|Armenian|Armenians|Yerevan
Azerbaijan|Azerbaijani|Azerbaijanis|Baku
Georgia|Georgian|Georgians|Tbilisi
Serbia|Serbian|Serbs|Serbians|Belgrade
Kosovo|Kosovar|Kosovars|Pristina
Bosnia|Bosnian|Bosnians|Sarajevo
Hungary|Hungarian|Hungarians|Budapest
Poland|Polish|Poles|Warsaw
Germany|German|Germans|Berlin
France|French|Paris|Élysée|Elysée
Spain|Spanish|Spaniards|Madrid
Portugal|Portuguese|Lisbon
Italy|Italian|Italians|Rome
Austria|Austrian|Austrians|Vienna
Switzerland|Swiss|Bern|Berne
Belgium|Belgian|Belgians
Netherlands|Dutch|The Hague
Ireland|Irish|Dublin
Norway|Norwegian|Norwegians|Oslo
Sweden|Swedish|Swedes|Stockholm
Finland|Finnish|Finns|Helsinki
Denmark|Danish|Danes|Copenhagen
Belarus|Belarusian|Belarusians|Minsk
Moldova|Moldovan|Moldovans|Chisinau
Canada|Canadian|Canadians|Ottawa
Mexico|Mexican|Mexicans|Mexico City
Cuba|Cuban|Cubans|Havana
Colombia|Colombian|Colombians|Bogotá|Bogota
Venezuela|Venezuelan|Venezuelans|Caracas
Brazil|Brazilian|Brazilians|Brasília|Brasilia
Argentina|Argentine|Argentines|Argentinian|Buenos Aires
Chile|Chilean|Chileans|Santiago
Peru|Peruvian|Peruvians|Lima
Bolivia|Bolivian|Bolivians|La Paz
Australia|Australian|Australians|Canberra
New Zealand|New Zealander|New Zealanders|Wellington
Indonesia|Indonesian|Indonesians|Jakarta
Philippines|Philippine|Filipino|Filipinos|Manila
Vietnam|Vietnamese|Hanoi
Myanmar|Burmese|Burma|Naypyidaw
Thailand|Thai|Thais|Bangkok
Cambodia|Cambodian|Cambodians|Phnom Penh
Malaysia|Malaysian|Malaysians|Kuala Lumpur
Sri Lanka|Sri Lankan|Sri Lankans|Colombo
Nepal|Nepali|Nepalis|Kathmandu
Bangladesh|Bangladeshi|Bangladeshis|Dhaka
European Union|EU|E.U.|Europeans|European|Brussels|Europe
United Nations|UN|U.N.
NATO|Nato
IAEA|International Atomic Energy Agency
African Union|AU
Arab League
ASEAN
Hamas|Hamas movement
Hezbollah|Hizbollah|Hizbullah
Taliban|the Taliban
Houthis|Houthi
FARC
PKK
IMF|International Monetary Fund
World Bank
Red Cross|ICRC|International Committee of the Red Cross
"""

# Institutions that act for a party but are a name of their own.
_INSTITUTIONS = {
    "White House": "United States",
    "State Department": "United States",
    "Pentagon": "United States",
    "Downing Street": "United Kingdom",
    "Whitehall": "United Kingdom",
    "Kremlin": "Russia",
    "European Commission": "European Union",
}


_CITIES = word_set(
    """
    Washington London Tehran Moscow Kyiv Kiev Beijing Taipei Pyongyang Seoul Tokyo Delhi Islamabad Kabul
    Jerusalem Ramallah Beirut Damascus Baghdad Riyadh Sanaa Doha Muscat Amman Cairo Tripoli Tunis Algiers Rabat
    Khartoum Juba Asmara Mogadishu Nairobi Kampala Kigali Kinshasa Abuja Accra Bamako Pretoria Ankara Athens
    Nicosia Yerevan Baku Tbilisi Belgrade Pristina Sarajevo Budapest Warsaw Berlin Paris Madrid Lisbon Rome
    Vienna Bern Berne Dublin Oslo Stockholm Helsinki Copenhagen Minsk Chisinau Ottawa Havana Bogotá Bogota
    Caracas Brasília Brasilia Santiago Lima Canberra Wellington Jakarta Manila Hanoi Naypyidaw Bangkok Colombo
    Kathmandu Dhaka Brussels
    """
)


def is_city(name: str) -> bool:
    """Whether a name of a party is the city of its government, which may be meant as a mere place."""
    return name in _CITIES or name in (
        "New Delhi", "Tel Aviv", "Abu Dhabi", "Addis Ababa", "The Hague", "Mexico City", "Buenos Aires", "La Paz",
        "Phnom Penh", "Kuala Lumpur",
    )  # fmt: skip


def party_behind(institution: str) -> str:
    """The party that an institution acts for ("Kremlin" → "Russia"); "" if it is none."""
    return _INSTITUTIONS.get(institution.removeprefix("the "), "")


@lru_cache
def known_parties() -> dict[str, str]:
    """Every known name → the canonical name of its party."""
    return {name: line.split("|")[0] for line in _TABLE.strip().splitlines() for name in line.split("|") if name}


@lru_cache
def adjectives() -> dict[str, str]:
    """Canonical name → its adjective ("Iran" → "Iranian"), where the table begins with one."""
    rows = [line.split("|") for line in _TABLE.strip().splitlines()]
    return {row[0]: row[1] for row in rows if len(row) > 1 and row[1][0].isupper() and not row[1].isupper()}


def known_party(name: str) -> str | None:
    """The canonical name of a country or body, whatever it is called here; None if unknown."""
    name = name.replace("’", "'").strip()
    table = known_parties()
    for candidate in (name, name.removeprefix("the ").removeprefix("The ")):
        if candidate in table:
            return table[candidate]
    return None
