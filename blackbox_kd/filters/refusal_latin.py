"""How models decline in Spanish, French, Portuguese, Italian, German and Russian."""

from blackbox_kd.filters.refusal_words import rule

# fmt: off
# Spanish
ES_SORRY = r"(?:lo siento|lo lamento|lamento|lamentablemente|desafortunadamente|disculp\w*|perd[oó]n\w*|me temo|por desgracia|mil disculpas)"
ES_CANNOT = (
    r"\bno (?:(?:me|te|le|les|os|lo|la|se|nos) )*(?:puedo|podr[ée]|podría|voy a|vamos a|es posible|ser[áí]a? posible|está permitido|siento cómod[oa]|soy capaz|sé cómo"
    r"|estoy (?:\w+mente )?(?:en (?:condiciones|posición|capacidad)|autorizad[oa]|capacitad[oa]|programad[oa]|diseñad[oa]|dispuest[oa]|habilitad[oa]|preparad[oa]|cómod[oa]|aquí para)"
    r"|corresponde|debo|quiero|deseo|sería (?:\w+ ){0,2}?(?:apropiad[oa]|étic[oa]|responsable|correct[oa]|adecuad[oa])|es (?:apropiad[oa]|étic[oa]|adecuad[oa]|correct[oa])|tengo (?:permitido|permiso|intención))"
)
ES_DOING = (
    r"\b(?:ayud(?:ar|e)|asistir(?:te|le|los|la|lo)? (?:con|en (?:eso|esto|esa|este|esta|tu|su))|proporcion|ofre[cz]|brind|facilit|compart|respond|contest|crea(?:r|ndo)(?!\w* una cuenta)|gener|produc|redact"
    r"|escrib|proces|cumpl|continu|particip|discut|coment|recomend|realiz|complet|atend|colabor|contribu|explic|describ|revel|opin|enseñ|traduc|elabor|dar(?:te|le|les)?\b(?! m[áa]s\b)"
    r"|decir(?:te|le) (?:c[óo]mo|qu[ée]|d[óo]nde|qui[ée]n|cu[áa]l)|hacer (?:eso|esto|lo que|ese|este|chistes|bromas)|hacerlo|hablar (?:de|sobre)|apoy|promov|foment|justific|emit|suger|aconsej|entrar en|seguir (?:con|esa|adelante)"
    r"|satisfac|acceder a (?:tu|su|esa|esta|la) (?:petici|solicit)|suministr|mostrar(?:te|le)|guiar|instru|especul|interpret|adoptar|incluir|tratar|abordar|involucr|divulg|complac|prest|dise[ñn]|fabric|reproduc|identific|diagnostic|instrucciones"
    r"|tomar (?:partido|posición)|expres|desarroll|inventar|escenific|normaliz|indicar(?:te|le)|accede[mr]|formar parte|conden|present|sacar|resolver)"
)
# French
FR_SORRY = r"(?:désolée?|navrée?|regrette|malheureusement|excus\w+|hélas|pardon\w*|je crains|je suis au regret)"
FR_CANNOT = (
    r"\bje (?:ne |n'|)(?:(?:vous|te|t'|le|la|les|l'|y|me|m'|en) ?)*(?:peux|puis|pourrai|pourrais|saurais|vais|veux|souhaite|dois|suis|sais|serai|ai)(?: \w+ment,?)?"
    r" (?:pas|plus|point|donc pas|en aucun cas|vraiment pas|toujours pas|simplement pas|absolument pas|malheureusement pas|hélas pas|ni|non plus)"
    r"|\bje ne (?:peux|puis|saurais|pourrais)\b|\bpas (?:en mesure|autorisée?|habilitée?|à l'aise|programmée?|conçue?|disposée?|à même|prête?|en capacité|capable|dans la capacité) (?:de|d'|à|pour|avec)"
    r"|(?:il (?:ne )?m'est|il est|ce n'est pas|n'est pas|ne m'est pas) (?:\w+ment )?(?:pas )?(?:possible|impossible|interdit|permis|hors de question)"
)
FR_DOING = (
    r"\b(?:aider|aide\b|assister (?:dans|avec|sur|pour)|fourni|offri|propos|donn|partag|répond|cré[eé]r?|génér|produi|rédig|écri|traiter|satisfai|continu|particip|discut|comment(?:er|aires?)|recommand|réalis|compl[eé]t"
    r"|accéder à (?:cette|votre|ta|ce) (?:demande|requête)|accéder à votre|collabor|contribu|expliqu|décri|révél|enseign|tradui|élabor|(?:faire|dire) (?:ça|cela|ce (?:que|genre|type))|le faire|parler de|souteni|encourag|promouv|cautionn|conseil"
    r"|entrer dans|pours|divulgu|montrer|guider|spécul|interpréter|fabriqu|apport|dire (?:comment|où|qui|ce)|communiqu|honor|engag|abord|prêter|donner suite|émett|exprim|prendre (?:part|position)|inclure|aller (?:plus loin|dans)|indiqu|instructions|me prononcer"
    r"|reproduire|identifier|jouer (?:ce|le|un)|concevoir|diagnosti|détaill|plaisanter|tenir ce)"
)
# Portuguese
PT_SORRY = r"(?:desculp\w*|sinto muito|lamento|lamentavelmente|infelizmente|perdão|peço desculpas?|receio)"
PT_CANNOT = (
    r"\bnão (?:(?:me|te|lhe|o|a|lhes|se) )*(?:posso|consigo|poderei|poderia|vou|irei|é possível|será possível|me é possível|sou capaz|me sinto (?:confortável|à vontade)|estou (?:\w+mente )?(?:autorizad[oa]|apt[oa]|em (?:condições|posição)|à vontade|programad[oa]"
    r"|habilitad[oa]|dispost[oa]|preparad[oa]|confortável|aqui para)|devo|quero|tenho permissão|seria (?:\w+ ){0,2}?(?:apropriado|ético|responsável|correto|adequado)|é (?:apropriado|ético|adequado|correto)|fui (?:programad|projetad|feit|criad)[oa] para)"
)
PT_DOING = (
    r"\b(?:ajud(?:ar|á|e|o)|auxili|assisti\w* (?:com|n)|fornec|oferec|d[aá]r?(?:-lhe)?\b|compartilh|partilh|respond|cri(?:ar|á)(?!\w* (?:uma )?conta)|gerar|produz|redig|escrev|process|cumpri|continu|particip|discut|coment|recomend|realiz|complet|atend|colabor|contribu"
    r"|explic|descrev|revel|opin|ensin|traduz|elabor|fazer (?:isso|isto|esse|esta|piadas|o que)|fazê-lo|falar sobre|apoi|promov|incentiv|justific|emit|suger|aconselh|prossegui|seguir com|satisfaz|disponibiliz|mostrar|guiar|instru|especul|interpret|adotar|inclui"
    r"|tratar|abordar|envolver|divulg|prest|indicar|dizer (?:como|o que|quem|onde)|entrar em|fabric|reproduz|identific|diagnostic|tomar (?:partido|posição)|express|desenvolv|simul|detalh|encoraj|passar (?:esse|essa|informaç|instruç|esses)|apresent)"
)
# Italian
IT_CANNOT = r"\bnon (?:(?:mi|ti|vi|le|lo|la) )*(?:posso|potrei|potrò|sono (?:in grado|autorizzat[oa]|programmat[oa]|dispost[oa])|mi è possibile|è possibile|intendo|voglio|riesco|me la sento)"
IT_DOING = r"\b(?:aiut|assist|forni|offri|dar[et]|condivid|rispond|crear|gener|produ[rc]|scriv|soddisf|continu|partecip|discut|comment|raccomand|complet|collabor|contribu|spieg|descriv|rivel|tradurre|elabor|farlo|fare (?:questo|quello)|parlare di|procedere|esprim|consigl|suggeri|insegn|support|evad)"
# German: the negation stands between the verbs.
DE_ICH = r"\b(?:ich (?:kann|könnte|darf|werde|möchte|will|sollte|würde)|(?:kann|darf|werde|möchte|könnte|will) ich)\b"
DE_DOING = (
    r"\b(?:\w{0,8}helfen|hilfe|(?:unter|be)?stütz\w+|unterstützung|beantwort\w+|bereit(?:zu)?stell\w+|(?:an(?:zu)?)?biet\w+|geben|herausgeben|wieder(?:zu)?geben|weiter(?:zu)?geben|preis(?:zu)?geben|liefern|erstell\w+|schreiben|verfass\w+|generier\w+|produzier\w+|nach(?:zu)?kommen"
    r"|erfüll\w+|mit(?:zu)?mach\w+|mit(?:zu)?wirk\w+|teil(?:zu)?nehm\w+|besprechen|diskutier\w+|teilen|mit(?:zu)?teilen|erklär\w+|beschreiben|aus(?:zu)?führ\w+|durch(?:zu)?führ\w+|fort(?:zu)?(?:fahren|setzen|führen)|(?:dar)?auf ein(?:zu)?gehen|ein(?:zu)?gehen|(?:zu )?äußern|empfehl\w+|behilflich|dienen|antworten"
    r"|übersetzen|beteiligen|bearbeit\w+|machen|tun|kommentier\w+|verraten|an(?:zu)?leit\w+|fördern|beurteilen|ab(?:zu)?geben|zur verfügung|übernehmen|dar(?:zu)?stell\w+|aus(?:zu)?sprechen|entsprechen|vor(?:zu)?(?:schlagen|nehmen)|zeigen|offenlegen|spekulieren|diagnostizier\w+|anleitung\w*|auskunft|verwenden"
    r"|sagen, (?:wie|was|wer|ob|wo)|erteilen|reproduzieren|identifizieren|dazu (?:etwas )?sagen|erfinden|stellung|position|weiterhelfen|gutheißen|befürworten|ermutigen|vermitteln|nennen|formulieren|leisten|entwickeln|bauen|eingehen|stellen|spielen|rechtfertigen)\b"
)
RU_DOING = (
    r"(?:помо[чг]|помога|предостав|да(?:ть|вать)\b|дам\b|подел|дели(?:ться|сь)|ответ|отвеча|созда|сгенер|генерир|писать|напис|напиш|выполн|участв|обсужд|обсуд|продолж|сдела|делать|составл|состав|оказ|содейств|говорить (?:о|на)|удовлетвор|рассказ|объясн|комментир"
    r"|описыва|описать|подсказ|поддерж|поощр|рекоменд|советов|посовет|одобр|обучать|научить|раскры|сообщ|перевест|перевод|высказ|выража|давать|инструкц|провести|притвор|изображ|играть|играю|пойти|изготов|способств|распростран|принимать|принять участ|консультир|спекулир|предлаг|предлож|показ|воспроизв|исполн)"
)
ES = (
    "no niego declinar rechazar prefiero preferiría negarme abstenerme",
    "puedo podré podre podría es me soy estoy voy debo quiero sería siento tengo lo prefiero preferiría niego corresponde deseo está va temo sé posible corresponde",
)
FR = (
    "je il ce",
    "peux puis pourrai pourrais saurais vais veux souhaite dois suis refuse décline préfère préférerais préfèrerais m'est n'est n'ai vois regrette possible mesure impossible",
)
PT = (
    "não prefiro recuso preferia preferiria recusar declinar",
    "posso consigo poderei poderia vou é sou estou devo quero me prefiro tenho seria recuso preciso irei será fui sinto preferia preferiria",
)
RU = (
    "не нет вынужден вынуждена отказываюсь откажусь против предпочту противоречит отказать отказаться воздержусь",
    "могу смогу буду стану готов готова должен должна вправе хочу это мне меня вынужден вынуждена отказываюсь я откажусь могла мог умею извините простите сожалению предпочту хотел противоречит имею располагаю жаль вижу намерен намерена предназначен предназначена воздержусь уполномочен следует",
)
DE = (
    "nicht nichts kein keine keinen keinerlei keiner keinem ablehnen ablehne verweigern verweigere weigere außerstande passen lieber unmöglich untersagt verzichten",
    "ich mir mich meine meinen meiner mein",
)
LATIN = (
    # --- whole words of a provider
    rule(
        "content_filter",
        ("contenido solicitud mensaje respuesta petición política políticas filtro bloqueado bloqueada moderación normas",),
        r"(?:solicitud|contenido|mensaje|respuesta|petición|texto|consulta|salida)\b[^.!?\n]{0,50}\b(?:bloquead|filtrad|infring|viol[ae]|incumpl|marcad|rechazad|retenid|eliminad|contravien|restringid)\w*|\bfiltros? de (?:contenido|seguridad)|\bpolíticas? de (?:uso|contenido|seguridad)|\b(?:podría|puede) (?:infringir|violar|incumplir)",
    ),
    rule(
        "content_filter",
        ("contenu demande message réponse requête politique politiques filtre filtres bloqué bloquée filtré filtrée modération règles",),
        r"(?:demande|contenu|message|réponse|requête|texte|sortie)\b[^.!?\n]{0,50}\b(?:bloqu|filtr[ée]|enfrei|viol[e]|contrev|signal[ée]|rejet|supprim|retenu|masqu|contraire)\w*|\bfiltres? de (?:contenu|sécurité|modération)|\bpolitiques? (?:d'utilisation|de contenu|de sécurité|d'usage)|\b(?:pourrait|peut|semble) (?:enfreindre|violer|contrevenir)",
    ),
    rule(
        "content_filter",
        ("conteúdo solicitação mensagem resposta pedido política políticas filtro filtros bloqueado bloqueada moderação diretrizes",),
        r"(?:solicitação|conteúdo|mensagem|resposta|pedido|texto|saída)\b[^.!?\n]{0,50}\b(?:bloquead|filtrad|viol[ae]|infring|sinalizad|rejeitad|retid|removid|restring|contrari)\w*|\bfiltros? de (?:conteúdo|segurança)|\bpolíticas? de (?:uso|conteúdo|segurança)|\b(?:pode|poderia) (?:violar|infringir)",
    ),
    rule(
        "content_filter",
        ("anfrage inhalt inhalte antwort nachricht richtlinien nutzungsrichtlinien inhaltsrichtlinien inhaltsfilter blockiert gefiltert gesperrt verstößt nutzungsbedingungen eingabe ausgabe moderation sicherheitsfilter",),
        r"(?:anfrage|inhalte?|antwort|nachricht|eingabe|ausgabe|text|prompt|frage)\b[^.!?\n]{0,60}\b(?:blockiert|gefiltert|gesperrt|verst(?:ößt|oßen|ossen)|gegen (?:unsere|die)|entfernt|markiert|zurückgehalten|abgelehnt|unterdrückt)|\b(?:inhalts|sicherheits)?filter\b[^.!?\n]{0,40}(?:blockiert|gestoppt|ausgelöst|zurückgehalten)|\bgegen (?:unsere|die|meine)[^.!?\n]{0,20}\b\w*richtlinien\b|\bnutzungsrichtlinien\b",
    ),
    rule(
        "content_filter",
        ("запрос ответ сообщение контент содержимое содержание политику политики правила правил фильтр фильтром фильтрами заблокирован заблокировано отфильтрован политикой текст контента",),
        r"(?:запрос|ответ|сообщени|контент|содержим|содержани|текст|вывод)\w*[^.!?\n]{0,50}(?:заблокир|отфильтр|удал[её]н|скрыт|наруша|отклон[её]н|помечен|остановлен|нарушить)|наруш\w+[^.!?\n]{0,30}(?:правил|политик|услови)|фильтр\w* (?:контент|содержим|безопасн)",
    ),
    # --- Spanish
    rule(
        "capability",
        (
            "no",
            "acceso puedo tengo veo imagen archivo adjunto imágenes documento enlaces internet ia lenguaje modelo recibido inteligencia capacidad memoria ningún ninguna",
        ),
        r"\bno (?:tengo|dispongo de|cuento con|poseo) (?:\w+ ){0,3}?(?:acceso|la capacidad|capacidad|la habilidad|memoria|opiniones|sentimientos|emociones|experiencias|información (?:en tiempo|actual|sobre (?:tu|su|ti|event)|posterior|person)|datos (?:en tiempo|actual|person)|conexión|creencias|preferencias|conciencia|cuerpo|forma de (?:ver|acceder|verificar|abrir|saber|consultar)|manera de (?:ver|acceder|verificar|saber)|herramientas)",
        r"\bno (?:puedo|soy capaz de|me es posible) (?:\w+mente )?(?:acceder|navegar|abrir|ver\b|visualizar|consultar|buscar|escuchar|leer|recordar|ejecutar|enviar|realizar (?:llamadas|búsquedas|compras|reservas)|recuperar|descargar|sentir|experimentar|visitar|reproducir|analizar (?:imágenes|la imagen))[^.!?\n]{0,60}\b(?:internet|enlaces?|url|im[aá]gen(?:es)?|archivos?|p[aá]ginas?|web|tiempo real|adjuntos?|documentos?|fotos?|v[íi]deos?|audios?|correos?|conversaci\w+|c[óo]digo|noticias|externos?|externas?|actual\w*|llamadas|datos|bases? de datos|emociones|sentimientos|sitios?|tu \w+|su \w+)",
        r"\bno (?:veo|encuentro|he recibido|recibí|aparece|se ha|hay|has|ha|parece haber|se adjunt|se carg|incluiste|adjuntaste)[^.!?\n]{0,25}(?:ning[uú]n|archivo|imagen|adjunt|documento|foto|enlace|cargad|subid|texto|código)\w*|\bcomo (?:un |una )?(?:modelo|ia\b|inteligencia|asistente)[^.!?\n]{0,60}\bno (?:tengo|puedo (?:sentir|ver|acceder|navegar|experimentar)|poseo|experimento|dispongo)|\bsolo (?:puedo )?(?:proces|trabaj|leer|entiend)\w* (?:con )?texto",
    ),
    rule(
        "hard",
        ES,
        rf"{ES_CANNOT}[^.!?\n]{{0,45}}?{ES_DOING}",
        rf"(?:^|\n)[^\w\"“«]*(?:\w+ ){{0,2}}{ES_SORRY}[^.!?\n]{{0,50}}?\bno (?:\w+ )?(?:puedo|podré|es posible|me es posible|voy a|estoy)\b(?! (?:asistir a|ir|llegar|venir|quedarme|acompañar|aceptar|devolver|esperar|acudir|estar|unirme))",
        r"\b(?:me niego|debo (?:rechazar|declinar|negarme|abstenerme|decir que no|negar)|tengo que (?:rechazar|declinar|negarme|decir que no)|prefiero (?:no\b|abstenerme)|preferiría (?:no\b|abstenerme)|me veo (?:obligad[oa]|en la obligación)|rechazo (?:esta|tu|su|esa)|me abstengo|me abstendré|declino)",
    ),
    rule(
        "hard",
        ("contra directrices pautas principios normas políticas ético ética apropiado inapropiado irresponsable correcto fuera algo posible adecuado aceptable no, programación valores",),
        r"\b(?:sería|es) (?:\w+ )?(?:irresponsable|inapropiado|poco ético|antiético)[^.!?\n]{0,20}(?:por mi parte|de mi parte|ayud|que yo|proporcion)|\bno (?:es|sería) (?:\w+ )?(?:étic|correct|apropiad|responsable)\w+ (?:por|de) mi parte|\bno (?:es|sería) (?:algo|un tema|una (?:petición|solicitud|tarea)|el tipo)[^.!?\n]{0,40}\b(?:pued[oa]|voy|estoy|haré|haga|deba|quiera)|\b(?:va|iría|van|está) en contra de (?:mis|nuestras|las)|\b(?:mis|nuestras) (?:directrices|pautas|políticas|normas|principios|programación|valores)[^.!?\n]{0,40}(?:imp|no (?:me )?permit|prohí|prohib)|\bfuera de (?:mi|mis|lo que puedo)|\bno es (?:posible|apropiado|ético|adecuado|correcto|aceptable)[^.!?\n]{0,20}(?:que yo|para mí|ayudar|proporcionar|hacer|promover|fomentar|bromear)|^\W*no[,.] no (?:puedo|voy)",
    ),
    rule(
        "soft",
        ("prefiero preferiría solo sólo únicamente hablemos cambiemos hablamos omitido omito otro otra tema temas detalles",),
        r"\b(?:solo|sólo|únicamente|solamente) (?:puedo|podría|podré) (?:\w+ ){0,2}(?:ofrec|dar|brind|proporcion|hablar|compart|comentar|explic|ayud|coment|decir)\w*|\bpuedo (?:\w+ )?(?:solo|sólo|únicamente) |\b(?:hablemos|cambiemos|hablamos|podemos hablar|charlemos|conversemos|pasemos|qué tal si)\b[^.!?\n]{0,20}\b(?:de |sobre )?(?:otr[ao]|algo (?:distinto|diferente|más)|tema)|\bhe (?:omitido|dejado fuera|evitado|excluido)|\bomit(?:o|iré|ido) (?:los|las|el|la|deliberad)|\bsin (?:entrar en|dar) (?:detalles|instrucciones|información) (?:\w+ )?(?:específic|concret|operativ|técnic)|\bno (?:voy a|entraré|incluiré|detallaré)[^.!?\n]{0,12}(?:en detalles|detall|inclu|profundiz)",
    ),
    rule(
        "safety_redirect",
        ("profesional profesionales médico psicólogo abogado terapeuta ayuda crisis emergencias línea policía solo sola confianza 024 112 911 autoridades especialista médica farmacéutico veterinario",),
        r"\b(?:recomiendo|recomendaría|sugiero|sugeriría|aconsejo|animo|insto|ruego|pido|recomendable|importante|mejor|por favor|deberías|debería|puedes|necesitas|conviene|urgente|lo (?:mejor|ideal|más)|te invito|le invito)\b[^.!?\n]{0,60}\b(?:habl|busc|contact|llam|acud|consult|pon(?:te|erte|erse|gas|ga)|comuni|acerc|solicit|pid|recurr|dirig|vay|vayas|ve a|ir a)\w*[^.!?\n]{0,60}(?:profesional|médic|psicólog|psiquiatr|abogad|terapeut|línea|emergenc|crisis|confianza|autoridad|policía|024|112|911|especialist|farmac|veterinari|asesor)|\bno est[áa]s? sol[oa]\b|\bno tienes? que (?:pasar|enfrentar)|\b(?:llama|llame|contacta|contacte|busca|acude|acuda|consulta|consulte|habla|hable) (?:\w+ ){0,4}(?:línea|024|112|911|emergenc|profesional|médic|psicólog|abogad|teléfono)",
    ),
    # --- French
    rule(
        "capability",
        (
            "je je, aucun aucune pas j'ai",
            "accès n'ai peux vois suis pas capacité mémoire reçu ia langage modèle joint jointe fichier image aucun aucune d'accès qu'ia",
        ),
        r"\bje (?:n'ai|ne dispose|ne possède)(?: \w+ment)? (?:pas|aucune?|ni|plus)(?: \w+){0,2}? ?(?:d'|de |la |l'|des |en )?(?:accès|capacité|possibilité|mémoire|d'opinion|opinions?|sentiments?|émotions?|expériences?|données|informations?|connexion|conscience|corps|préférences?|croyances?|moyen|souvenirs?|outils?|vie personnelle)|\bje ne (?:peux|suis|puis)[^.!?\n]{0,40}\b(?:accéder|naviguer|ouvrir|voir|visualiser|consulter|écouter|lire|visionner|me souvenir|exécuter|envoyer|passer|rechercher|effectuer|récupérer|télécharger|ressentir|éprouver|visiter|regarder|parcourir|analyser|mémoriser|afficher)\b[^.!?\n]{0,60}\b(?:internet|liens?|url|images?|fichiers?|pages?|web|temps réel|jointes?|documents?|photos?|vidéos?|audios?|e-?mails?|conversations?|code|externes?|actuel\w*|appels?|sites?|données|émotions|sentiments|échanges|recherches?|(?:vos|votre|ton|tes) (?!demande|question|requête)\w+)",
        r"\b(?:je ne vois|je ne trouve|je n'ai reçu|il n'y a|il ne semble|aucune?|n'a été|n'ont été|vous n'avez|tu n'as)\b[^.!?\n]{0,40}\b(?:fichiers?|images?|pièces?|documents?|photos?|liens?|joint\w*|texte|transmis\w*|téléchargé\w*|partagé\w*)\b|\b(?:en tant qu|comme|étant)[^.!?\n]{0,6}(?:ia\b|modèle|intelligence|assistant)[^.!?\n]{0,60}\bje (?:n'ai|ne (?:possède|ressens|dispose|peux (?:pas )?(?:ressentir|voir|accéder|naviguer)|suis pas capable de ressentir))|\bje ne (?:traite|lis|comprends|peux traiter) que (?:du|le) texte",
    ),
    rule(
        "hard",
        FR,
        rf"(?:{FR_CANNOT})[^.!?\n]{{0,45}}?{FR_DOING}",
        rf"(?:^|\n)[^\w\"“«]*(?:\w+ |m')?(?:\w+ ){{0,2}}?{FR_SORRY}[^.!?\n]{{0,50}}?\b(?:je ne (?:\w+ )?(?:peux|puis|suis|saurais|vais|pourrai)(?: pas)?|ce n'est pas possible|c'est impossible|c'est non)\b(?! (?:pas )?(?:venir|assister|être|aller|vous rejoindre|attendre|participer à (?:la|votre|ta)|te rejoindre|accepter|me libérer|rester))",
        r"\bje (?:refuse|décline|préfère(?: \w+)? (?:ne pas|m'abstenir|éviter|que nous)|préf[ée]rerais (?:ne pas|m'abstenir|éviter|que)|préfèrerais|me vois (?:\w+ )?(?:contrainte?|obligée?|dans l)|me dois de|dois (?:\w+ )?(?:refuser|décliner|m'abstenir|dire non)|suis (?:\w+ )?(?:dans l'(?:incapacité|impossibilité)|contrainte?|incapable de|tenue? de (?:refuser|décliner))|m'abstien|m'y refuse)",
    ),
    rule(
        "hard",
        ("n'est serait l'encontre contraire contraires directives règles principes consignes valeurs politiques éthique irresponsable approprié non je hors mesure dépasse sort va paramètres",),
        r"\bje n(?:e (?:\w+ ){0,2}|')(?:écri|aide|répond|fourni|particip|donne|partage|produi|génér|rédige|continue|fe|di|discute|crée|engage|révèle|entre|traduir|soutiend|encourage|assiste|propose|commente|décri|expliqu|cautionne)\w*rai pas\b|\bje n'(?:aide|écris|encourage|assiste|entre) pas|\bje ne (?:fais|donne|fournis|partage|participe|crée|produis|discute) pas (?:ce|de (?:conseil|contenu|instruction|jeu)|cela|ça|à)|\b(?:il|ce) serait (?:\w+ )?(?:irresponsable|inapproprié|contraire|peu éthique|malhonnête)[^.!?\n]{0,30}",
        r"\bce n'est pas (?:quelque chose|un sujet|une (?:demande|chose|question)|le genre|dans mes)[^.!?\n]{0,40}\b(?:je|mes|laquelle|lequel)?|\b(?:va|vont|irait|est|sont) (?:à l'encontre|contraires?|contre) (?:de |à |aux? )?(?:mes|nos|ma|les|des)|\b(?:mes|nos) (?:directives|règles|principes|consignes|valeurs|politiques|paramètres)[^.!?\n]{0,40}(?:empêch|interdi|ne (?:me )?permett)|\b(?:il (?:ne serait|n'est) pas|ce (?:ne serait|n'est) pas) (?:approprié|éthique|responsable|convenable|correct|acceptable|raisonnable)|\b(?:dépasse|sort de|hors de) (?:mes|mon|ce que je)|^\W*non,? je (?:ne|refuse)",
    ),
    rule(
        "soft",
        ("préfère préférerais préfèrerais seulement uniquement que parlons changeons discutons omis autre autres détails sujet",),
        r"\bje (?:peux|pourrais) (?:seulement|uniquement|simplement)\b|\bje ne (?:peux|pourrais|vais|puis) (?:\w+ )?(?:vous |te |t')?(?:donner|fournir|offrir|proposer|partager|parler|m'en tenir|aborder|répondre) (?:\w+ ){0,2}?qu(?:e|'|à)|\b(?:parlons|changeons|discutons|pouvons-nous|on peut|passons|et si (?:on|nous))\b[^.!?\n]{0,30}\b(?:d'autre chose|(?:un )?autre (?:sujet|chose)|de sujet|à autre chose)|\bj'ai (?:\w+ment )?(?:omis|laissé de côté|exclu|évité)|\bsans (?:entrer dans|donner) (?:les|de|des) (?:détails|instructions|précisions)|\bje (?:n'entrerai|ne détaillerai|ne rentrerai|laisse de côté)|\bje m'en tiendrai|\bje me limiterai",
    ),
    rule(
        "safety_redirect",
        ("professionnel professionnelle professionnels médecin psychologue avocat thérapeute urgence urgences ligne seul seule police 3114 15 112 confiance crise spécialiste pharmacien numéro d'écoute santé vétérinaire autorités",),
        r"\b(?:recommande|conseille|encourage|suggère|invite|prie|important|préférable|veuillez|mieux|vaut|essentiel|s'il (?:vous|te) plaît|devriez|devrais|pouvez|peux|n'hésite\w*|faut|exhorte|urgent)\b[^.!?\n]{0,60}\b(?:parl|contact|appel|consult|adress|rapproch|solliciter|demand|chercher|tourn|rendre|joind|joign)\w*[^.!?\n]{0,60}(?:professionnel|médecin|psycholog|psychiatr|avocat|thérapeut|ligne|urgence|confiance|autorit|police|3114|112|spécialist|pharmacien|numéro|vétérinaire|juriste|conseiller)|\b(?:vous n'êtes|tu n'es) pas seule?|\b(?:contactez|appelez|consultez|appelle|contacte|consulte|parlez|parle) (?:\w+ ){0,5}(?:3114|15\b|112|urgence|professionnel|médecin|psycholog|avocat|ligne|confiance)",
    ),
    # --- Portuguese
    rule(
        "capability",
        (
            "não nenhum nenhuma",
            "acesso posso tenho consigo vejo imagem arquivo ficheiro anexo anexado imagens documento links internet ia linguagem modelo recebi inteligência capacidade memória nenhum nenhuma há possuo",
        ),
        r"\bnão (?:tenho|disponho de|possuo|conto com) (?:\w+ ){0,3}?(?:acesso|(?:a )?capacidade|habilidade|memória|opiniões|sentimentos|emoções|experiências|informações (?:em tempo|atual|sobre (?:você|seu|sua|event)|pesso)|dados (?:em tempo|atual|pesso)|conexão|crenças|preferências|consciência|corpo|como (?:ver|acessar|verificar|abrir|saber|aceder)|forma de|meios|ferramentas)"
        r"|\bnão (?:posso|consigo|sou capaz de|me é possível) (?:\w+mente )?(?:acessar|aceder|navegar|abrir|ver\b|visualizar|consultar|buscar|pesquisar|ouvir|ler|lembrar|recordar|executar|enviar|fazer (?:ligações|chamadas|compras|pesquisas|reservas)|recuperar|baixar|sentir|experimentar|visitar|reproduzir|assistir|analisar (?:imagens|a imagem))[^.!?\n]{0,60}\b(?:internet|links?|url|imagens?|imagem|arquivos?|ficheiros?|páginas?|web|tempo real|anexos?|documentos?|fotos?|v[íi]deos?|áudios?|e-?mails?|conversas?|código|notícias|externos?|externas?|atua\w*|ligações|chamadas|dados|emoções|sentimentos|sites?|seu \w+|sua \w+|teu \w+)",
        r"\b(?:não (?:vejo|encontrei|encontro|recebi|há|foi|parece haver|consta|consigo ver)|nenhum[a]?)\b[^.!?\n]{0,30}(?:arquivo|ficheiro|imagem|anex|documento|foto|link|enviad|carregad|texto)\w*|\bcomo (?:um |uma )?(?:modelo|ia\b|inteligência|assistente)[^.!?\n]{0,60}\bnão (?:tenho|posso (?:sentir|ver|acessar|navegar)|possuo|sinto|disponho|experiencio)|\bsó (?:consigo|posso|processo) (?:processar |ler )?texto",
    ),
    rule(
        "hard",
        PT,
        rf"{PT_CANNOT}[^.!?\n]{{0,45}}?{PT_DOING}",
        rf"(?:^|\n)[^\w\"“«]*(?:\w+ ){{0,2}}{PT_SORRY}[^.!?\n]{{0,50}}?\bnão (?:\w+ )?(?:posso|poderei|consigo|é possível|vou|estou)\b(?! (?:ir|vir|comparecer|estar|aceitar|participar d|chegar|ficar|acompanhar|esperar|devolver))",
        r"\b(?:me recuso|recuso-me|(?:devo|preciso|tenho (?:de|que)|terei (?:de|que)) (?:\w+mente )?(?:recusar|declinar|me abster|dizer não|negar)|prefiro (?:não|me abster|evitar)|preferi(?:a|ria) (?:não|evitar)|vejo-me obrigad|sou obrigad[oa] a recusar|recuso (?:este|esse|o seu|seu)|me abstenho|abstenho-me|vou (?:ter de |ter que )?(?:recusar|declinar|passar))",
    ),
    rule(
        "hard",
        ("contra diretrizes políticas normas princípios programação valores regras fora apropriado ético ética adequado correto aceitável responsável irresponsável inapropriado algo recuso-me não, encontro",),
        r"\brecuso-me\b|\b(?:seria|é) (?:\w+ )?(?:irresponsável|inapropriado|antiético|inadequado)[^.!?\n]{0,20}(?:da minha parte|de minha parte|eu |ajud|fornec)",
        r"\bnão (?:é|seria) (?:algo|um (?:tema|assunto|pedido)|uma (?:solicitação|tarefa)|o tipo)[^.!?\n]{0,40}\b(?:poss[oa]|vou|estou|consig[oa]|dev[oa])|\b(?:vai|vão|iria|está) (?:contra|de encontro a)\w* (?:\w+ )?(?:minhas|meus|as|nossas|os)|\b(?:minhas|meus|nossas) (?:diretrizes|políticas|normas|princípios|programação|valores|regras)[^.!?\n]{0,40}(?:imped|não (?:me )?permit|proíb)|\bfora d(?:o|a|e) (?:meu|minha|que posso)|\bnão (?:é|seria) (?:apropriado|ético|adequado|correto|aceitável|responsável)[^.!?\n]{0,30}|^\W*não[,.] não (?:posso|vou)",
    ),
    rule(
        "soft",
        ("só somente apenas vamos falar conversar mudar omiti outro outra assunto detalhes podemos",),
        r"\b(?:só|somente|apenas) (?:posso|poderia|consigo) (?:\w+ ){0,2}(?:oferec|dar|fornec|falar|compartilh|partilh|coment|explic|ajud|abord)\w*|\bposso (?:\w+ )?(?:apenas|somente) |\b(?:vamos|podemos|que tal|prefiro)\b[^.!?\n]{0,25}\b(?:falar|conversar|mudar|discutir)?[^.!?\n]{0,14}\b(?:outr[ao] (?:coisa|assunto|tema)|de assunto|algo diferente)|\b(?:omiti|deixei de fora|excluí|evitei)\b|\bsem (?:entrar em|dar) (?:detalhes|instruções)|\bnão (?:vou|irei|entrarei) (?:entrar |incluir |detalhar )?(?:em detalhes|detalh|os detalhes|as instruções)",
    ),
    rule(
        "safety_redirect",
        ("profissional profissionais médico psicólogo advogado terapeuta ajuda crise emergência linha polícia sozinho sozinha confiança 188 cvv 190 192 112 autoridades especialista farmacêutico saúde veterinário",),
        r"\b(?:recomendo|recomendaria|sugiro|aconselho|encorajo|incentivo|peço|importante|melhor|por favor|deveria|deve|pode|precisa|convém|urgente|recomendável|essencial|ideal)\b[^.!?\n]{0,60}\b(?:fal|procur|busc|contat|contact|lig|consult|entr|convers|recorr|dirij|acion|peç)\w*[^.!?\n]{0,60}(?:profissional|médic|psicólog|psiquiatr|advogad|terapeut|linha|emergênc|crise|confiança|autoridad|polícia|188|cvv|192|190|112|especialist|farmac|veterinár)|\b(?:você não está|não estás|não está) sozinh[oa]|\b(?:ligue|contacte|contate|procure|liga|busque|consulte|fale) (?:\w+ ){0,5}(?:cvv|188|112|emergênc|profissional|médic|psicólog|advogad|linha|ajuda)",
    ),
    # --- Italian
    rule(
        "hard",
        (
            "non rifiuto rifiutare preferisco declinare",
            "posso potrei sono mi potrò rifiuto devo preferisco spiace dispiace intendo è voglio riesco",
        ),
        rf"{IT_CANNOT}[^.!?\n]{{0,45}}?{IT_DOING}",
        r"\b(?:mi rifiuto|devo (?:rifiutare|declinare)|preferisco non|preferirei non|va contro (?:le )?mie)|\bnon ho (?:accesso|la capacità|la possibilità)|\bnon vedo (?:alcun|nessun)|\bnon è (?:qualcosa|una cosa) (?:che|con cui|in cui) (?:io )?poss",
    ),
    # --- German
    rule(
        "capability",
        (
            "keinen keine kein nicht keinerlei kann",
            "ich mir angehängt anhang datei bild hochgeladen dokument ki sprachmodell",
        ),
        r"\bich (?:habe|besitze|verfüge)(?: \w+){0,5}? (?:kein\w*|nicht)(?: \w+){0,3}? (?:zugriff|zugang|fähigkeit\w*|möglichkeit\w*|gedächtnis|erinnerung\w*|meinung\w*|gefühle\w*|emotionen|bewusstsein|erfahrung\w*|internet\w*|echtzeit\w*|daten|informationen|körper|vorlieben|augen|überzeugungen|aktuell\w*|persönlich\w*|live\w*)"
        rf"|(?:{DE_ICH}|ich bin)[^.!?\n]{{0,70}}\b(?:nicht|kein\w*|keinerlei)\b[^.!?\n]{{0,60}}\b(?:zugreifen|zuzugreifen|öffnen|sehen|ansehen|anzusehen|anschauen|abrufen|abzurufen|durchsuchen|surfen|browsen|hören|anhören|lesen|erinnern|speichern|ausführen|auszuführen|senden|verschicken|anrufen|anzeigen|einsehen|einzusehen|aufrufen|aufzurufen|fühlen|empfinden|herunterladen|telefonieren|besuchen|nachschlagen|suchen|buchen|bestellen|abspielen|erkennen|betrachten|analysieren)\b(?<!nicht sehen)",
        r"\bals (?:ki\b|künstliche|sprachmodell|ki-\w+|textbasiert\w*|assistent|ein ki|großes sprachmodell)[^.!?\n]{0,60}\b(?:kein\w*|nicht)\b|\b(?:ich (?:sehe|finde|erkenne|habe)|es (?:wurde|ist|scheint|gibt)|(?:sie|du) (?:haben|hast))\b[^.!?\n]{0,30}\b(?:kein\w*|nicht)\b[^.!?\n]{0,25}(?:datei|bild|anhang|angehängt|dokument|foto|hochgeladen|beigefügt|link|screenshot)\w*|\bich kann nur (?:text|mit text)|\bes (?:wurde|ist|scheint)[^.!?\n]{0,30}kein\w* (?:datei|bild|anhang|dokument|foto)",
    ),
    rule(
        "hard",
        DE,
        rf"{DE_ICH}[^.!?\n]{{0,110}}?\b(?:nicht|nichts|kein\w*|keinerlei|niemals|weder)\b[^.!?\n]{{0,90}}?(?:{DE_DOING}|(?<=nichts )(?:\w+ )?sagen\b)",
        r"\b(?:ich (?:helfe|unterstütze|schreibe|beantworte|erstelle|gebe|liefere|beteilige|mache|erkläre|produziere|verfasse|diskutiere|teile|spiele|generiere|biete|leiste)|(?:dabei|dazu|damit|das|hierbei|so etwas|daran) (?:unterstütze|helfe|mache|schreibe|beantworte|erstelle|beteilige|gebe|verfasse|leiste) ich)\b[^.!?\n]{0,50}\b(?:nicht|kein\w*)\b",
        r"\bich bin (?:\w+ ){0,3}(?:nicht (?:\w+ ){0,2}?(?:in der lage|befugt|berechtigt|dazu (?:da|gedacht|programmiert|bereit)|dafür|befähigt|programmiert|bereit|autorisiert|darauf)|außerstande|angehalten|verpflichtet, (?:\w+ ){0,4}abzulehnen)|\bbin ich (?:\w+ ){0,2}nicht (?:in der lage|befugt|bereit)",
        r"\b(?:ist|wäre) (?:\w+ ){0,2}?(?:mir|für mich)[^.!?\n]{0,30}\b(?:nicht (?:möglich|gestattet|erlaubt|angemessen|vertretbar)|unmöglich|untersagt)|\bmir (?:\w+ ){0,2}(?:nicht (?:möglich|gestattet|erlaubt)|untersagt)|\bich (?:lehne|verweigere|weigere mich|muss (?:\w+ ){0,8}?(?:ablehnen|verweigern|passen|verzichten|nein sagen|enttäuschen)|verzichte darauf)|\b(?:muss|werde) ich (?:\w+ ){0,8}?(?:ablehnen|verweigern|passen|verzichten|nein sagen|enttäuschen)|\bich (?:\w+ ){0,8}ablehnen\b",
    ),
    rule(
        "hard",
        ("nichts kein keine etwas verstößt verstoßen widerspricht gegen richtlinien grundsätze werte prinzipien regeln vorgaben lieber möchte außerhalb übersteigt unverantwortlich unethisch unangemessen leid leider sorry dabei damit dazu entschuldigung bedaure bedauere geht",),
        r"\b(?:wäre|ist) (?:\w+ )?(?:unverantwortlich|unethisch|nicht (?:richtig|ethisch|angemessen|vertretbar|verantwortungsvoll)|unangemessen)[^.!?\n]{0,12}(?:von mir|für mich|, (?:dir|ihnen|dabei|dazu|das|so|wenn ich)|dir|ihnen)",
        r"\b(?:das|dies|hier|es) ist (?:\w+ ){0,3}?(?:nichts|kein\w*|etwas|eine?r?)[^.!?\n]{0,40}\b(?:ich|wobei ich|dem ich|der ich|die ich)\b[^.!?\n]{0,50}(?:kann|nicht|möchte|darf|werde|ablehn)|\b(?:verstößt|verstoßen|widerspricht|widersprechen)[^.!?\n]{0,30}(?:mein|unser|richtlinien)|\bgegen meine\b|\bmeine (?:\w+ )?(?:richtlinien|grundsätze|werte|prinzipien|programmierung|regeln|vorgaben)[^.!?\n]{0,50}(?:nicht|verbiet|untersag|hinder)|\b(?:lieber|möchte ich|würde ich) (?:\w+ ){0,4}nicht\b[^.!?\n]{0,20}[.,!]|\bmöchte ich (?:\w+ ){0,4}(?:lieber )?(?:nicht|absehen|verzichten)|\bich möchte (?:\w+ ){0,5}(?:lieber nicht|absehen)|\b(?:außerhalb|übersteigt|jenseits)[^.!?\n]{0,20}(?:meine|dessen, was ich)",
        r"^[^\w\"“„]*(?:es )?(?:tut mir (?:\w+ ){0,2}leid|leider|entschuldig\w*|sorry|ich bedau\w*|bedau\w*|verzeih\w*)[^.!?\n]{0,40}\b(?:kann|darf|werde|möchte|geht)(?: ich)?(?: \w+){0,3} nicht[.!]|\bdas geht (?:leider )?nicht\b|\bda(?:bei|mit|zu|rauf|für|s)? (?:kann|darf|werde|möchte) ich (?:\w+ ){0,4}nicht\b(?=[.,!]| (?:weiter)?helf| dienen| unterst)",
    ),
    rule(
        "soft",
        ("lieber nur themen thema lassen lass sprechen reden anderes anderen ausgelassen weggelassen einzelheiten details allgemeine ohne",),
        r"\bich kann (?:\w+ ){0,4}?(?:nur|lediglich|höchstens)\b|\bkann ich (?:\w+ ){0,3}?(?:nur|lediglich|höchstens)\b|\b(?:lass(?:en sie)? uns|wir (?:können|könnten|sollten)|können wir|sollen wir|wollen wir|reden wir|sprechen wir)\b[^.!?\n]{0,40}\b(?:etwas ander(?:es|em)|ander\w+ thema|thema wechseln|themen)|\bich (?:habe|werde)[^.!?\n]{0,60}\b(?:ausgelassen|weggelassen|auslassen|weglassen|verzichtet)|\bohne (?:ins detail|auf (?:die )?(?:details|einzelheiten)|konkrete)|\b(?:würde|möchte|spreche|rede) (?:ich )?(?:\w+ ){0,3}lieber\b",
    ),
    rule(
        "safety_redirect",
        ("arzt ärztin ärzten therapeuten psychologen anwalt anwältin fachperson fachleute fachkraft hilfe notruf telefonseelsorge polizei allein vertrauensperson 112 krise experten spezialisten professionelle ärztlichen rechtsanwalt apotheker tierarzt fachmann steuerberater therapeutin",),
        r"\b(?:bitte|empfehle|rate|ermutige|ermutigen|empfehlen|wichtig|besten|solltest|sollten|dringend|kannst|können|ratsam|besser|schlage vor|sinnvoll)\b[^.!?\n]{0,80}(?:arzt|ärzt|therapeut|psycholog|psychiat|anwalt|anwält|fachperson|fachleute|fachkr|professionelle|notruf|telefonseelsorge|polizei|vertrau|112|krisen|expert|spezialist|apothek|beratungsstell|fachmann|steuerberat)|\b(?:du bist|sie sind) nicht allein|\btelefonseelsorge\b|\b(?:wende dich|wenden sie sich|sprich mit|sprechen sie mit|ruf|rufen sie|kontaktiere|suche|suchen sie|such dir)\b[^.!?\n]{0,50}(?:arzt|ärzt|therapeut|psycholog|anwalt|fach|hilfe|notruf|112|polizei|vertrau|stelle)",
    ),
    # --- Russian
    rule(
        "capability",
        (
            "не нет",
            "доступа могу вижу имею ии модель у файл изображение возможности прикреплено прикреплен загружено способен памяти обладаю мнения чувств располагаю умею вложения вложений файла изображения ассистент интеллект",
        ),
        r"\b(?:как|будучи|являясь|поскольку я|так как я|я —|я -|я –)\s+(?:\w+ )?(?:ии|искусственн|языков|модел|ассистент|виртуальн|нейросет|текстов)[^.!?\n]{0,80}\b(?:не (?:имею|облада|испытыва|чувству|могу (?:видеть|чувств|открыв|просматр|испыт|искать|получ)|способ)|нет\b|у меня нет)|\bу меня (?:\w+ ){0,3}(?:нет|отсутству\w+)[^.!?\n]{0,40}(?:доступ|возможн|памят|мнени|чувств|информаци|данн|эмоци|способ|инструмент)|\bя (?:\w+ )?не (?:имею|обладаю|располагаю)[^.!?\n]{0,40}(?:доступ|возможн|памят|мнени|чувств|информаци|данн|эмоци|способн)",
        r"\bне (?:могу|умею|способ\w+|в состоянии)(?: \w+)? (?:видеть|увидеть|открыть|открывать|просматрив|посмотреть|слышать|слушать|запом|вспомнить|запускать|запустить|выполнить код|искать|зайти|просмотреть|прочитать|прослушать|получить доступ|получать|выйти в|подключ|отправ|позвонить|заброниров|помнить|чувствовать|испытывать|проверить|загрузить|перейти|обратиться к интернет|выходить|распозна|звонить)|\b(?:я )?не вижу[^.!?\n]{0,30}(?:файл|изображ|вложен|картин|фото|документ|прикреп|ссыл|текст|скриншот)|(?:изображени|файл|документ|картинк|фото|вложени)\w*[^.!?\n]{0,30}(?:не (?:прикреп|загру|прилож|был|приш|вид)|отсутству)",
    ),
    rule(
        "hard",
        RU,
        rf"\bне (?:могу|смогу|мог бы|могла бы|буду|стану|готов\w*|должен|должна|вправе|имею права|хочу|хотел\w* бы|уполномочен\w*|предназначен\w*|запрограммирован\w*|намерен\w*|в состоянии|в силах|собираюсь|считаю (?:возможным|уместным|правильным|этичным)|имею возможности|способ\w+|в праве|следует|умею|планирую|занимаюсь)\b[^.!?\n]{{0,60}}?{RU_DOING}|{RU_DOING}\w*[^.!?\n]{{0,60}}? не (?:могу|смогу|буду|стану|готов\w*|имею права|вправе)\b",
        r"\b(?:вынужден\w*|должен|должна|приходится|придётся|придется)(?: \w+){0,2} (?:отказ|отклон|воздерж)\w*|\b(?:отказываюсь|откажусь|воздержусь)\b|\bпредпоч(?:ту|итаю|[её]л бы|ла бы)[^.!?\n]{0,12} не\b|\bне хотел\w* бы\b|\bлучше не буду|\b(?:это|такой запрос|ваш запрос|данный запрос|такие \w+)[^.!?\n]{0,30}\b(?:противореч|нарушает|выходит за|вне мо)\w*|\bэто (?:\w+ )?не то,? (?:с чем|что|чем|о ч[её]м)[^.!?\n]{0,40}|\bпротив (?:моих|правил|политик)|\b(?:недопустим|неуместн|неэтичн|безответственн)\w*[^.!?\n]{0,40}(?:запрос|помо|предостав|созда|с моей)|\bмои (?:правила|принципы|инструкции|настройки|ограничения)[^.!?\n]{0,30}(?:не позволя|запреща)|\bмне (?:не разрешено|запрещено|не позволено|нельзя)",
        r"^[^\w\"«„]*(?:мне (?:\w+ )?жаль|извините|простите|прошу прощения|к сожалению|сожалею|увы)[^.!?\n]{0,30}?\b(?:(?:я )?(?:\w+ ){0,2}не (?:могу|смогу|буду|в состоянии)|это невозможно|нет)\b(?! (?:прийти|приехать|быть|пойти|присутствовать|принять (?:ваше|твое|приглаш)|участвовать в (?:встреч|мероп)|ждать|остаться))",
    ),
    rule(
        "soft",
        ("лишь только давайте давай другую другой подробности подробностей деталей детали опустил общие общую опущу чём-нибудь чем-нибудь друг",),
        r"\b(?:могу|смогу|готов\w*) (?:\w+ ){0,2}?(?:лишь|только|разве что)\b|\b(?:давайте|давай|предлагаю)\b[^.!?\n]{0,40}(?:друг(?:ую|ом|ой|ое)|сменим тему|о ч[её]м-(?:нибудь|то) (?:друг|ещё|ином))|\bне вдаваясь в (?:подробн|детал)|\bбез (?:конкретн|подробн)\w* (?:инструкц|детал)|\b(?:опустил|опускаю|опущу|не включил|не привожу|умолчу)\w*",
    ),
    rule(
        "safety_redirect",
        ("специалисту специалистом специалиста врачу врачом психологу психологом психолога юристу юристом помощью помощи доверия службу горячую полицию одни один одна адвокату терапевту близким экстренные врача скорую 112 фармацевту консультацией",),
        r"(?:пожалуйста|рекоменду|совету|важно|лучше|настоятельно|стоит|следует|прошу|можете|нужно|необходимо)\w*[^.!?\n]{0,50}(?:обрат|обращ|поговор|свяж|связ|позвон|проконсульт|консульт|найд|вызов|вызв)\w*[^.!?\n]{0,60}(?:специалист|психолог|психотерап|врач|юрист|помощ|довер|служб|экстренн|горяч|полици|терапевт|адвокат|близк|112|скор|фармацевт)|(?:^|[.!?\n]\s*)(?:обратитесь|обратись|позвоните|позвони|поговорите|поговори|свяжитесь)[^.!?\n]{0,50}(?:специалист|психолог|врач|юрист|помощ|довер|служб|экстренн|горяч|полици|терапевт|адвокат|близк|112)|телефон\w* доверия|горяч\w+ лини|\bвы не одни\b|\bты не одн?ин?а?\b",
    ),
)
