"""How models decline in German."""

from blackbox_kd.filters.refusal_words import near, rule

DE_ICH = r"\b(?:ich (?:kann|könnte|darf|werde|möchte|will|sollte|würde)|(?:kann|darf|werde|möchte|könnte|will) ich)\b"
DE_DOING = (
    r"\b(?:\w{0,8}helfen|bestätigen|überprüfen|vorhersagen|tun|hilfe|(?:unter|be)?stütz\w+|unterstützung"
    r"|beantwort\w+|bereit(?:zu)?stell\w+|(?:an(?:zu)?)?biet\w+|geben|herausgeben|wieder(?:zu)?geben"
    r"|weiter(?:zu)?geben|preis(?:zu)?geben|liefern|erstell\w+|schreiben|verfass\w+|generier\w+|produzier\w+"
    r"|nach(?:zu)?kommen|erfüll\w+|mit(?:zu)?mach\w+|mit(?:zu)?wirk\w+|teil(?:zu)?nehm\w+|besprechen|diskutier\w+"
    r"|teilen|mit(?:zu)?teilen|erklär\w+|beschreiben|aus(?:zu)?führ\w+|durch(?:zu)?führ\w+|fort(?:zu)?(?:fahren"
    r"|setzen|führen)|(?:dar)?auf ein(?:zu)?gehen|ein(?:zu)?gehen|(?:zu )?äußern|empfehl\w+|behilflich|dienen"
    r"|antworten|übersetzen|beteiligen|bearbeit\w+|machen|tun|kommentier\w+|verraten|an(?:zu)?leit\w+|fördern"
    r"|beurteilen|ab(?:zu)?geben|zur verfügung|übernehmen|dar(?:zu)?stell\w+|aus(?:zu)?sprechen|entsprechen"
    r"|vor(?:zu)?(?:schlagen|nehmen)|zeigen|offenlegen|spekulieren|diagnostizier\w+|anleitung\w*|auskunft|verwenden"
    r"|sagen, (?:wie|was|wer|ob|wo)|erteilen|reproduzieren|identifizieren|dazu (?:etwas )?sagen|erfinden|stellung"
    r"|position|weiterhelfen|gutheißen|befürworten|ermutigen|vermitteln|nennen|formulieren|leisten|entwickeln|bauen"
    r"|eingehen|stellen|spielen|rechtfertigen)\b"
)
DE = (
    "nicht nichts kein keine keinen keinerlei keiner keinem ablehnen ablehne verweigern verweigere weigere"
    " außerstande passen lehne ab lieber unmöglich untersagt verzichten",
    "ich mir",
)
GERMAN = (
    # --- German
    rule(
        "content_filter",
        (
            "anfrage inhalt inhalte antwort nachricht richtlinien nutzungsrichtlinien inhaltsrichtlinien"
            " inhaltsfilter blockiert gefiltert gesperrt verstößt nutzungsbedingungen eingabe ausgabe moderation"
            " sicherheitsfilter",
            "blockiert gefiltert gesperrt verstößt verstoßen gegen richtlinien nutzungsrichtlinien"
            " inhaltsrichtlinien inhaltsfilter sicherheitsfilter entfernt markiert zurückgehalten abgelehnt"
            " unterdrückt gestoppt ausgelöst",
        ),
        r"(?:anfrage|inhalte?|antwort|nachricht|eingabe|ausgabe|text|prompt|frage)\b[^.!?\n]{0,60}\b(?:blockiert"
        r"|gefiltert|gesperrt|verst(?:ößt|oßen|ossen)|gegen (?:unsere|die)|entfernt|markiert|zurückgehalten"
        r"|abgelehnt|unterdrückt)|\b(?:inhalts|sicherheits)?filter\b[^.!?\n]{0,40}(?:blockiert|gestoppt|ausgelöst"
        r"|zurückgehalten)|\bgegen (?:unsere|die|meine)[^.!?\n]{0,20}\b\w*richtlinien\b|\bnutzungsrichtlinien\b",
    ),
    near(
        r"ich(?<!\wich)(?!\w)|mir |als |es (?:wurde|ist|scheint|gibt)|haben|hast",
        "capability",
        (
            "keinen keine kein nicht keinerlei kann",
            "ich mir angehängt anhang datei bild hochgeladen dokument ki sprachmodell",
        ),
        r"\bich (?:habe|besitze|verfüge)(?: \w+){0,5}? (?:kein\w*|nicht)(?: \w+){0,3}? (?:zugriff|zugang"
        r"|fähigkeit\w*|möglichkeit\w*|gedächtnis|erinnerung\w*|meinung\w*|gefühle\w*|emotionen|bewusstsein"
        r"|erfahrung\w*|internet\w*|echtzeit\w*|daten|informationen|körper|vorlieben|augen|überzeugungen|aktuell\w*"
        r"|persönlich\w*|live\w*)"
        rf"|(?:{DE_ICH}|ich bin)[^.!?\n]{{0,70}}\b(?:nicht|kein\w*|keinerlei)\b[^.!?\n]{{0,60}}\b(?:zugreifen"
        rf"|zuzugreifen|öffnen|sehen|ansehen|anzusehen|anschauen|abrufen|abzurufen|durchsuchen|surfen|browsen|hören"
        rf"|anhören|lesen|erinnern|speichern|ausführen|auszuführen|senden|verschicken|anrufen|anzeigen|einsehen"
        rf"|einzusehen|aufrufen|aufzurufen|fühlen|empfinden|herunterladen|telefonieren|besuchen|nachschlagen|suchen"
        rf"|buchen|bestellen|abspielen|erkennen|betrachten|analysieren)\b(?<!nicht sehen)",
        r"\bhabe ich (?:\w+ ){0,3}kein\w* (?:\w+ )?(?:zugriff|zugang|einblick)|\bmir liegen (?:\w+ ){0,2}kein\w*"
        r"|\b(?:bilder?|dateien?|links?|fotos?|videos?|audio\w*|anhänge|webseiten|dokumente)\b[^.!?\n]{0,10} kann"
        r" ich[^.!?\n]{0,30} nicht\b|\bals (?:ki\b|künstliche|sprachmodell|ki-\w+|textbasiert\w*|assistent|ein ki"
        r"|großes sprachmodell)[^.!?\n]{0,60}\b(?:kein\w*|nicht)\b|\b(?:ich (?:sehe|finde|erkenne|habe)|es (?:wurde"
        r"|ist|scheint|gibt)|(?:sie|du) (?:haben|hast))\b[^.!?\n]{0,30}\b(?:kein\w*|nicht)\b[^.!?\n]{0,25}(?:datei"
        r"|bild|anhang|angehängt|dokument|foto|hochgeladen|beigefügt|link|screenshot)\w*|\bich kann nur (?:text|mit"
        r" text)|\bes (?:wurde|ist|scheint)[^.!?\n]{0,30}kein\w* (?:datei|bild|anhang|dokument|foto)",
    ),
    near(
        r"ich(?<!\wich)(?!\w)|mir(?<!\wmir)(?!\w)|für mich",
        "hard",
        DE,
        rf"{DE_ICH}[^.!?\n]{{0,110}}?\b(?:nicht|nichts|kein\w*|keinerlei|niemals"
        rf"|weder)\b[^.!?\n]{{0,90}}?(?:{DE_DOING}|(?<=nichts )(?:\w+ )?sagen\b)",
        r"\b(?:ich (?:helfe|gehe|unterstütze|schreibe|beantworte|erstelle|gebe|liefere|beteilige|mache|erkläre"
        r"|produziere|verfasse|diskutiere|teile|spiele|generiere|biete|leiste)|(?:\w+) (?:unterstütze|helfe|mache"
        r"|schreibe|beantworte|erstelle|beteilige|gebe|verfasse|leiste) ich)\b[^.!?\n]{0,50}\b(?:nicht|kein\w*)\b",
        r"\b(?:bin ich|ich bin) (?:\w+ ){0,2}nicht (?:gemacht|gedacht|vorgesehen|konzipiert|ausgelegt|entwickelt"
        r"|da)\b|\b(?:und|aber|,) gehe (?:\w+ ){0,2}nicht auf\b|\bich lehne\b[^.!?\n]{0,50} ab\b|\bich bin (?:\w+"
        r" ){0,3}(?:nicht (?:\w+ ){0,2}?(?:in der lage|befugt|berechtigt|dazu (?:da|gedacht|programmiert|bereit)"
        r"|dafür|befähigt|programmiert|bereit|autorisiert|darauf)|außerstande|angehalten|verpflichtet, (?:\w+"
        r" ){0,4}abzulehnen)|\bbin ich (?:\w+ ){0,2}nicht (?:in der lage|befugt|bereit)",
        r"\b(?:ist|wäre) (?:\w+ ){0,2}?(?:mir|für mich)[^.!?\n]{0,30}\b(?:nicht (?:möglich|gestattet|erlaubt"
        r"|angemessen|vertretbar)|unmöglich|untersagt)|\bmir (?:\w+ ){0,2}(?:nicht (?:möglich|gestattet|erlaubt)"
        r"|untersagt)|\bich (?:denke|glaube|finde) nicht, dass (?:ich|es|das)\b|\bich habe (?:\w+ ){0,2}keine"
        r" (?:befugnis|berechtigung|erlaubnis|genehmigung)|\bich (?:lehne|verweigere|weigere mich|muss (?:\w+"
        r" ){0,8}?(?:ablehnen|verweigern|passen|verzichten|nein sagen|enttäuschen)|verzichte darauf)|\b(?:muss"
        r"|werde) ich (?:\w+ ){0,8}?(?:ablehnen|verweigern|passen|verzichten|nein sagen|enttäuschen)|\bich (?:\w+"
        r" ){0,8}ablehnen\b",
    ),
    near(
        r"ich(?<!\wich)(?!\w)|mir(?!\w)|meine|verst[öo]|widersp|unveran|verantwortungsl|wäre (?:falsch|gefähr)"
        r"|unethi|leid(?!\w)|leider|geht(?!\w)|nicht (?:richtig|ethisch|angem|vertret|verantw)|unangem",
        "hard",
        (
            "nichts kein keine etwas verstößt verstoßen widerspricht gegen richtlinien grundsätze werte prinzipien"
            " regeln vorgaben lieber möchte außerhalb übersteigt unverantwortlich verantwortungslos wäre unethisch"
            " unangemessen leid leider sorry dabei damit dazu entschuldigung bedaure bedauere geht",
        ),
        r"\bes wäre (?:\w+ )?(?:unverantwortlich|verantwortungslos|unethisch|falsch"
        r"|gefährlich)\b[^.!?\n]{0,20}\b(?:ihnen|dir|dabei|dazu|eine|diese|so)|\b(?:wäre|ist) (?:\w+"
        r" )?(?:unverantwortlich|verantwortungslos|unethisch|nicht (?:richtig|ethisch|angemessen|vertretbar"
        r"|verantwortungsvoll)|unangemessen)[^.!?\n]{0,12}(?:von mir|für mich|, (?:dir|ihnen|dabei|dazu|das|so|wenn"
        r" ich)|dir|ihnen)",
        r"\b(?:das|dies|hier|es) ist (?:\w+ ){0,3}?(?:nichts|kein\w*|etwas|eine?r?)[^.!?\n]{0,40}\b(?:ich|wobei ich"
        r"|dem ich|der ich|die ich)\b[^.!?\n]{0,50}(?:kann|nicht|möchte|darf|werde|ablehn)|\b(?:verstößt|verstoßen"
        r"|widerspricht|widersprechen)[^.!?\n]{0,30}(?:mein|unser|richtlinien)|\bgegen meine\b|\bmeine (?:\w+"
        r" )?(?:richtlinien|grundsätze|werte|prinzipien|programmierung|regeln|vorgaben)[^.!?\n]{0,50}(?:nicht"
        r"|verbiet|untersag|hinder)|\b(?:lieber|möchte ich|würde ich) (?:\w+ ){0,4}nicht\b[^.!?\n]{0,20}[.,!]"
        r"|\bmöchte ich (?:\w+ ){0,4}(?:lieber )?(?:nicht|absehen|verzichten)|\bich möchte (?:\w+ ){0,5}(?:lieber"
        r" nicht|absehen)|\b(?:außerhalb|übersteigt|jenseits)[^.!?\n]{0,20}(?:meine|dessen, was ich)",
        r"^[^\w\"“„]*(?:es )?(?:tut mir (?:\w+ ){0,2}leid|leider|entschuldig\w*|sorry|ich bedau\w*|bedau\w*"
        r"|verzeih\w*)[^.!?\n]{0,40}\b(?:kann|darf|werde|möchte|geht)(?: ich)?(?: \w+){0,3} nicht[.!]|\bdas geht"
        r" (?:leider )?nicht\b|\bda(?:bei|mit|zu|rauf|für|s)? (?:kann|darf|werde|möchte) ich (?:\w+"
        r" ){0,4}nicht\b(?=[.,!]| (?:weiter)?helf| dienen| unterst)",
    ),
    rule(
        "soft",
        (
            "lieber nur themen thema lassen lass sprechen reden anderes anderen ausgelassen weggelassen"
            " einzelheiten allgemeine ohne",
        ),
        r"\bich kann (?:\w+ ){0,4}?(?:nur|lediglich|höchstens)\b|\bkann ich (?:\w+ ){0,3}?(?:nur|lediglich"
        r"|höchstens)\b|\b(?:lass(?:en sie)? uns|wir (?:können|könnten|sollten)|können wir|sollen wir|wollen wir"
        r"|reden wir|sprechen wir)\b[^.!?\n]{0,40}\b(?:etwas ander(?:es|em)|ander\w+ thema|thema wechseln|themen)"
        r"|\bich (?:habe|werde)[^.!?\n]{0,60}\b(?:ausgelassen|weggelassen|auslassen|weglassen|verzichtet)|\bohne"
        r" (?:ins detail|auf (?:die )?(?:details|einzelheiten)|konkrete)|\b(?:würde|möchte|spreche|rede) (?:ich"
        r" )?(?:\w+ ){0,3}lieber\b",
    ),
    rule(
        "safety_redirect",
        (
            "arzt ärztin ärzten therapeuten psychologen anwalt anwältin fachperson fachleute fachkraft hilfe notruf"
            " telefonseelsorge polizei allein vertrauensperson 112 krise experten spezialisten professionelle"
            " ärztlichen rechtsanwalt apotheker tierarzt fachmann steuerberater therapeutin",
            "bitte empfehle rate ermutige ermutigen empfehlen wichtig besten solltest sollten dringend kannst"
            " können ratsam besser sinnvoll bist sind wende wenden sprich sprechen ruf rufen kontaktiere suche"
            " suchen such schlage telefonseelsorge",
        ),
        r"\b(?:bitte|empfehle|rate|ermutige|ermutigen|empfehlen|wichtig|besten|solltest|sollten|dringend|kannst"
        r"|können|ratsam|besser|schlage vor|sinnvoll)\b[^.!?\n]{0,80}(?:arzt|ärzt|therapeut|psycholog|psychiat"
        r"|anwalt|anwält|fachperson|fachleute|fachkr|professionelle|notruf|telefonseelsorge|polizei|vertrau|112"
        r"|krisen|expert|spezialist|apothek|beratungsstell|fachmann|steuerberat)|\b(?:du bist|sie sind) nicht"
        r" allein|\btelefonseelsorge\b|\b(?:wende dich|wenden sie sich|sprich mit|sprechen sie mit|ruf|rufen sie"
        r"|kontaktiere|suche|suchen sie|such dir)\b[^.!?\n]{0,50}(?:arzt|ärzt|therapeut|psycholog|anwalt|fach|hilfe"
        r"|notruf|112|polizei|vertrau|stelle)",
    ),
)
