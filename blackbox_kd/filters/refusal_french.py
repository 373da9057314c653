"""How models decline in French and Italian."""

from blackbox_kd.filters.refusal_words import near, rule

FR_SORRY = r"(?:désolée?|navrée?|regrette|malheureusement|excus\w+|hélas|pardon\w*|je crains|je suis au regret)"
FR_CANNOT = (
    r"\bje (?:ne |n'|)(?:(?:vous|te|t'|le|la|les|l'|y|me|m'|en) ?)*(?:peux|puis|pourrai|pourrais|saurais|vais|veux"
    r"|souhaite|dois|suis|sais|serai|ai)(?: \w+ment,?)? (?:pas|plus|point|donc pas|en aucun cas|vraiment pas"
    r"|toujours pas|simplement pas|absolument pas|malheureusement pas|hélas pas|ni|non plus)|\bje ne (?:peux|puis"
    r"|saurais|pourrais)\b|\bpas (?:en mesure|autorisée?|habilitée?|à l'aise|programmée?|conçue?|faite?|disposée?|à"
    r" même|prête?|en capacité|capable|dans la capacité) (?:de|d'|à|pour|avec)|(?:il (?:ne )?m'est|il est|ce n'est"
    r" pas|n'est pas|ne m'est pas) (?:\w+ment )?(?:pas )?(?:possible|impossible|interdit|permis|hors de question)"
)
FR_DOING = (
    r"\b(?:aider|aide\b|confirm|vérifi|prédire|en parler|assister (?:dans|avec|sur|pour)|fourni|offri|propos|donn"
    r"|partag|répond|cré[eé]r?|génér|produi|rédig|écri|traiter|satisfai|continu|particip|discut|comment(?:er"
    r"|aires?)|recommand|réalis|compl[eé]t|accéder à (?:cette|votre|ta|ce) (?:demande|requête)|accéder à votre"
    r"|collabor|contribu|expliqu|décri|révél|enseign|tradui|élabor|(?:faire|dire) (?:ça|cela|ce (?:que|genre|type))"
    r"|le faire|parler de|souteni|encourag|promouv|cautionn|conseil|entrer dans|pours|divulgu|montrer|guider|spécul"
    r"|interpréter|fabriqu|apport|dire (?:comment|où|qui|ce)|communiqu|honor|engag|abord|prêter|donner suite|émett"
    r"|exprim|prendre (?:part|position)|inclure|aller (?:plus loin|dans)|indiqu|instructions|me prononcer"
    r"|reproduire|identifier|jouer (?:ce|le|un)|concevoir|diagnosti|détaill|plaisanter|tenir ce)"
)
IT_CANNOT = (
    r"\bnon (?:(?:mi|ti|vi|le|lo|la) )*(?:posso|potrei|potrò|sono (?:in grado|autorizzat[oa]|programmat[oa]"
    r"|dispost[oa])|mi è possibile|è possibile|intendo|voglio|riesco|me la sento)"
)
IT_DOING = (
    r"\b(?:aiut|assist|forni|offri|dar[et]|condivid|rispond|crear|gener|produ[rc]|scriv|soddisf|continu|partecip"
    r"|discut|comment|raccomand|complet|collabor|contribu|spieg|descriv|rivel|tradurre|elabor|farlo|fare (?:questo"
    r"|quello)|parlare di|procedere|esprim|consigl|suggeri|insegn|support|evad)"
)
FR = (
    "je il ce moi j'ai c'est désolé désolée",
    "peux puis pourrai pourrais saurais vais veux souhaite dois suis refuse décline préfère préférerais préfèrerais"
    " m'est m'abstiens vois n'ai pense crois regrette possible impossible mesure sais",
)
FRENCH = (
    # --- French
    rule(
        "content_filter",
        (
            "contenu demande message réponse requête politique politiques filtre filtres bloqué bloquée filtré"
            " filtrée modération règles",
            "bloqué bloquée bloquées filtré filtrée enfreindre enfreint viole violer contrevient contrevenir"
            " signalé signalée rejetée rejeté supprimé masqué politique politiques règles filtre filtres contraire"
            " retenue retenu",
        ),
        r"(?:demande|contenu|message|réponse|requête|texte|sortie)\b[^.!?\n]{0,50}\b(?:bloqu|filtr[ée]|enfrei"
        r"|viol[e]|contrev|signal[ée]|rejet|supprim|retenu|masqu|contraire)\w*|\bfiltres? de (?:contenu|sécurité"
        r"|modération)|\bpolitiques? (?:d'utilisation|de contenu|de sécurité|d'usage)|\b(?:pourrait|peut|semble)"
        r" (?:enfreindre|violer|contrevenir)",
    ),
    near(
        r"je(?<!\wje) |m'est|aucun|il n'y|il ne s|n'a été|n'ont|vous n'avez|tu n'as|en tant qu|comme |étant",
        "capability",
        (
            "je je, aucun aucune pas j'ai m'est",
            "accès n'ai dispose souviens ressens éprouve impossible peux vois suis pas capacité mémoire reçu ia"
            " langage modèle joint jointe fichier image aucun aucune d'accès qu'ia",
        ),
        r"\bje ne me souviens pas|\bil m'est impossible d'?e? ?(?:voir|ouvrir|accéder|consulter|lire|écouter"
        r"|naviguer)|\bje ne (?:ressens|éprouve) |\bje (?:n'ai|ne dispose|ne possède)(?: \w+ment)? (?:pas|aucune?"
        r"|ni|plus)(?: \w+){0,2}? ?(?:d'|de |la |l'|des |en )?(?:accès|capacité|possibilité|mémoire|d'opinion"
        r"|opinions?|sentiments?|émotions?|expériences?|données|informations?|connexion|conscience|corps"
        r"|préférences?|croyances?|moyen|souvenirs?|outils?|vie personnelle)|\bje ne (?:peux|suis"
        r"|puis)[^.!?\n]{0,40}\b(?:accéder|naviguer|ouvrir|voir|visualiser|consulter|écouter|lire|visionner|me"
        r" souvenir|exécuter|envoyer|passer|rechercher|effectuer|récupérer|télécharger|ressentir|éprouver|visiter"
        r"|regarder|parcourir|analyser|mémoriser|afficher)\b[^.!?\n]{0,60}\b(?:internet|liens?|url|images?"
        r"|fichiers?|pages?|web|temps réel|jointes?|documents?|photos?|vidéos?|audios?|e-?mails?|conversations?"
        r"|code|externes?|actuel\w*|appels?|sites?|données|émotions|sentiments|échanges|recherches?|(?:vos|votre"
        r"|ton|tes) (?!demande|question|requête)\w+)",
        r"\b(?:je ne vois|je ne trouve|je n'ai reçu|il n'y a|il ne semble|aucune?|n'a été|n'ont été|vous n'avez|tu"
        r" n'as)\b[^.!?\n]{0,40}\b(?:fichiers?|images?|pièces?|documents?|photos?|liens?|joint\w*|texte|transmis\w*"
        r"|téléchargé\w*|partagé\w*)\b|\b(?:en tant qu|comme|étant)[^.!?\n]{0,6}(?:ia\b|modèle|intelligence"
        r"|assistant)[^.!?\n]{0,60}\bje (?:n'ai|ne (?:possède|ressens|dispose|peux (?:pas )?(?:ressentir|voir"
        r"|accéder|naviguer)|suis pas capable de ressentir))|\bje ne (?:traite|lis|comprends|peux traiter) que"
        r" (?:du|le) texte",
    ),
    near(
        r"je(?<!\wje) |m'est|m'abst|m'y ref|impossible pour moi|pas (?:en |auto|habil|à |prog|conç|disp|prêt|cap"
        r"|dans|poss)|impossible|interdit|c'est non|il est (?:\w+ment )?(?:impo|inter|hors)",
        "hard",
        FR,
        rf"(?:{FR_CANNOT})[^.!?\n]{{0,45}}?{FR_DOING}",
        rf"(?:^|\n)[^\w\"“«]*(?:\w+ |m')?(?:\w+ ){{0,2}}?{FR_SORRY}[^.!?\n]{{0,50}}?\b(?:je ne (?:\w+ )?(?:peux"
        rf"|puis|suis|saurais|vais|pourrai)(?: pas)?|ce n'est pas possible|c'est impossible|c'est non)\b(?! (?:pas"
        rf" )?(?:venir|assister|être|aller|vous rejoindre|attendre|participer à (?:la|votre|ta)|te rejoindre"
        rf"|accepter|me libérer|rester))",
        r"\bje ne suis pas (?:\w+ment )?(?:conçue?|programmée?|faite?|là) pour|\bje ne (?:pense|crois) pas"
        r" (?:devoir|pouvoir|que je (?:doive|puisse)|que ce soit)|\bje n'ai pas (?:l'autorisation|la permission|le"
        r" droit|l'habilitation)|\bimpossible pour moi|\bje me refuse|\bje n'aide pas|\bje ne (?:crée|génère"
        r"|commente|participe|cautionne|rédige|produis) pas|\bje (?:refuse|décline|préfère(?: \w+)? (?:ne pas"
        r"|m'abstenir|éviter|que nous)|préf[éè]rerais (?:ne pas|m'abstenir|éviter|que|changer|parler)|préfèrerais"
        r"|me vois (?:\w+ )?(?:contrainte?|obligée?|dans l)|me dois de|dois (?:\w+ )?(?:refuser|décliner|m'abstenir"
        r"|dire non)|suis (?:\w+ )?(?:dans l'(?:incapacité|impossibilité)|contrainte?|incapable de|tenue? de"
        r" (?:refuser|décliner))|m'abstien|m'y refuse)",
    ),
    near(
        r"je(?<!\wje) |n'est pas|serait|enfreindrait|violerait|encontre|contraire|contre (?:mes|nos|ma)|mes |nos "
        r"|non|dépasse|sort de|hors de",
        "hard",
        (
            "n'est serait n'écrirai n'aiderai vous t'aiderai aiderai participerai ferai donnerai fournirai"
            " partagerai répondrai produirai rédigerai créerai dirai enfreindrait violerait crains l'encontre"
            " contraire contraires directives règles principes consignes valeurs politiques éthique irresponsable"
            " approprié non je hors mesure dépasse sort va paramètres",
            "je pas mes nos de serait il ce cela non c'est",
        ),
        r"\bje n(?:e (?:(?:vous|te|le|la|les|t'|l'|y|lui) ?)*|')(?!oublierai|serai|viendrai|pourrai|irai|reviendrai"
        r"|manquerai|saurai|aurai)\w+rai pas\b|\b(?:enfreindrait|violerait|contreviendrait)[^.!?\n]{0,20}(?:mes|nos"
        r"|ma|les)|\bje crains de ne (?:pas|pouvoir)|\bje n(?:e (?:\w+ ){0,2}|')(?:écri|aide|répond|fourni|particip"
        r"|donne|partage|produi|génér|rédige|continue|fe|di|discute|crée|engage|révèle|entre|traduir|soutiend"
        r"|encourage|assiste|propose|commente|décri|expliqu|cautionne)\w*rai pas\b|\bje n'(?:aide|écris|encourage"
        r"|assiste|entre) pas|\bje ne (?:fais|donne|fournis|partage|participe|crée|produis|discute) pas (?:ce|de"
        r" (?:conseil|contenu|instruction|jeu)|cela|ça|à)|\b(?:il|ce) serait (?:\w+ )?(?:irresponsable|inapproprié"
        r"|contraire|peu éthique|malhonnête)[^.!?\n]{0,30}",
        r"\bil serait (?:\w+ )?(?:irresponsable|dangereux|inapproprié|contraire à l'éthique) de|\bce n'est pas"
        r" (?:quelque chose|un sujet|une (?:demande|chose|question)|le genre|dans mes)[^.!?\n]{0,40}\b(?:je|mes"
        r"|laquelle|lequel)?|\b(?:va|vont|irait|est|sont) (?:à l'encontre|contraires?|contre) (?:de |à |aux?"
        r" )?(?:mes|nos|ma|les|des)|\b(?:mes|nos) (?:directives|règles|principes|consignes|valeurs|politiques"
        r"|paramètres)[^.!?\n]{0,40}(?:empêch|interdi|ne (?:me )?permett)|\b(?:il (?:ne serait|n'est) pas|ce (?:ne"
        r" serait|n'est) pas) (?:approprié|éthique|responsable|convenable|correct|acceptable|raisonnable)"
        r"|\b(?:dépasse|sort de|hors de) (?:mes|mon|ce que je)|^\W*non,? je (?:ne|refuse)",
    ),
    rule(
        "soft",
        (
            "préfère préférerais préfèrerais seulement uniquement que parlons changeons discutons omis autre autres"
            " détails sujet",
        ),
        r"\bje (?:peux|pourrais) (?:seulement|uniquement|simplement)\b|\bje ne (?:peux|pourrais|vais|puis) (?:\w+"
        r" )?(?:vous |te |t')?(?:donner|fournir|offrir|proposer|partager|parler|m'en tenir|aborder|répondre) (?:\w+"
        r" ){0,2}?qu(?:e|'|à)|\b(?:parlons|changeons|discutons|pouvons-nous|on peut|passons|et si (?:on"
        r"|nous))\b[^.!?\n]{0,30}\b(?:d'autre chose|(?:un )?autre (?:sujet|chose)|de sujet|à autre chose)|\bj'ai"
        r" (?:\w+ment )?(?:omis|laissé de côté|exclu|évité)|\bsans (?:entrer dans|donner) (?:les|de|des) (?:détails"
        r"|instructions|précisions)|\bje (?:n'entrerai|ne détaillerai|ne rentrerai|laisse de côté)|\bje m'en"
        r" tiendrai|\bje me limiterai",
    ),
    rule(
        "safety_redirect",
        (
            "professionnel professionnelle professionnels médecin psychologue avocat thérapeute urgence urgences"
            " ligne seul seule police 3114 15 112 confiance crise spécialiste pharmacien numéro d'écoute santé"
            " vétérinaire autorités",
            "recommande conseille encourage suggère invite prie veuillez mieux vaut plaît devriez devrais pouvez"
            " peux n'hésite n'hésitez faut contactez appelez consultez appelle contacte consulte parlez parle seul"
            " seule important préférable essentiel exhorte urgent",
        ),
        r"\b(?:recommande|conseille|encourage|suggère|invite|prie|important|préférable|veuillez|mieux|vaut"
        r"|essentiel|s'il (?:vous|te) plaît|devriez|devrais|pouvez|peux|n'hésite\w*|faut|exhorte"
        r"|urgent)\b[^.!?\n]{0,60}\b(?:parl|contact|appel|consult|adress|rapproch|solliciter|demand|chercher|tourn"
        r"|rendre|joind|joign)\w*[^.!?\n]{0,60}(?:professionnel|médecin|psycholog|psychiatr|avocat|thérapeut|ligne"
        r"|urgence|confiance|autorit|police|3114|112|spécialist|pharmacien|numéro|vétérinaire|juriste|conseiller)"
        r"|\b(?:vous n'êtes|tu n'es) pas seule?|\b(?:contactez|appelez|consultez|appelle|contacte|consulte|parlez"
        r"|parle) (?:\w+ ){0,5}(?:3114|15\b|112|urgence|professionnel|médecin|psycholog|avocat|ligne|confiance)",
    ),
    # --- Italian
    near(
        r"non(?<!\wnon) |rifiut|declin|preferi|contro",
        "hard",
        (
            "posso potrei potrò rifiuto devo preferisco voglio riesco ho vedo intendo",
            "non rifiuto rifiutare preferisco declinare",
        ),
        rf"{IT_CANNOT}[^.!?\n]{{0,45}}?{IT_DOING}",
        r"\b(?:mi rifiuto|devo (?:rifiutare|declinare)|preferisco non|preferirei non|va contro (?:le )?mie)|\bnon"
        r" ho (?:accesso|la capacità|la possibilità)|\bnon vedo (?:alcun|nessun)|\bnon è (?:qualcosa|una cosa)"
        r" (?:che|con cui|in cui) (?:io )?poss",
    ),
)
