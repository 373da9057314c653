"""How models decline in Spanish and Portuguese."""

from blackbox_kd.filters.refusal_words import near, rule

ES_SORRY = (
    r"(?:lo siento|lo lamento|lamento|lamentablemente|desafortunadamente|disculp\w*|perd[oó]n\w*|me temo|por"
    r" desgracia|mil disculpas)"
)
ES_CANNOT = (
    r"\bno (?:(?:me|te|le|les|os|lo|la|se|nos) )*(?:puedo|podr[ée]|podría|voy a|vamos a|es posible|ser[áí]a?"
    r" posible|está permitido|siento cómod[oa]|soy capaz|sé cómo|estoy (?:\w+mente )?(?:en (?:condiciones|posición"
    r"|capacidad)|autorizad[oa]|capacitad[oa]|programad[oa]|diseñad[oa]|dispuest[oa]|habilitad[oa]|preparad[oa]"
    r"|cómod[oa]|aquí para)|corresponde|debo|quiero|deseo|sería (?:\w+ ){0,2}?(?:apropiad[oa]|étic[oa]|responsable"
    r"|correct[oa]|adecuad[oa])|es (?:apropiad[oa]|étic[oa]|adecuad[oa]|correct[oa])|tengo (?:permitido|permiso"
    r"|intención))"
)
ES_DOING = (
    r"\b(?:ayud(?:ar|e)|confirm\w+(?! mi\b)|verific\w+|predec|garantiz|asistir(?:te|le|los|la|lo)? (?:con|en (?:eso"
    r"|esto|esa|este|esta|tu|su))|proporcion|ofre[cz]|brind|facilit|compart|respond|contest|crea(?:r|ndo)(?!\w* una"
    r" cuenta)|gener|produc|redact|escrib|proces|cumpl|continu|particip|discut|coment|recomend|realiz|complet|atend"
    r"|colabor|contribu|explic|describ|revel|opin|enseñ|traduc|elabor|dar(?:te|le|les)?\b(?! m[áa]s\b)|decir(?:te"
    r"|le) (?:c[óo]mo|qu[ée]|d[óo]nde|qui[ée]n|cu[áa]l)|hacer (?:eso|esto|lo que|ese|este|chistes|bromas)|hacerlo"
    r"|hablar (?:de|sobre)|apoy|promov|foment|justific|emit|suger|aconsej|entrar en|seguir (?:con|esa|adelante)"
    r"|satisfac|acceder a (?:tu|su|esa|esta|la) (?:petici|solicit)|suministr|mostrar(?:te|le)|guiar|instru|especul"
    r"|interpret|adoptar|incluir|tratar|abordar|involucr|divulg|complac|prest|dise[ñn]|fabric|reproduc|identific"
    r"|diagnostic|instrucciones|tomar (?:partido|posición)|expres|desarroll|inventar|escenific|normaliz"
    r"|indicar(?:te|le)|accede[mr]|formar parte|conden|present|sacar|resolver)"
)
PT_SORRY = r"(?:desculp\w*|sinto muito|lamento|lamentavelmente|infelizmente|perdão|peço desculpas?|receio)"
PT_CANNOT = (
    r"\bnão (?:(?:me|te|lhe|o|a|lhes|se) )*(?:posso|consigo|poderei|poderia|vou|irei|é possível|será possível|me é"
    r" possível|sou capaz|me sinto (?:confortável|à vontade)|estou (?:\w+mente )?(?:autorizad[oa]|apt[oa]|em"
    r" (?:condições|posição)|à vontade|programad[oa]|habilitad[oa]|dispost[oa]|preparad[oa]|confortável|aqui para)"
    r"|devo|quero|tenho permissão|seria (?:\w+ ){0,2}?(?:apropriado|ético|responsável|correto|adequado)|é"
    r" (?:apropriado|ético|adequado|correto)|fui (?:programad|projetad|feit|criad)[oa] para)"
)
PT_DOING = (
    r"\b(?:ajud(?:ar|á|e|o)|confirm\w+(?! (?:a )?minha)|verific|prever|auxili|assisti\w* (?:com|n)|fornec|oferec"
    r"|d[aá]r?(?:-lhe)?\b|compartilh|partilh|respond|cri(?:ar|á)(?!\w* (?:uma )?conta)|gerar|produz|redig|escrev"
    r"|process|cumpri|continu|particip|discut|coment|recomend|realiz|complet|atend|colabor|contribu|explic|descrev"
    r"|revel|opin|ensin|traduz|elabor|fazer (?:isso|isto|esse|esta|piadas|o que)|fazê-lo|falar sobre|apoi|promov"
    r"|incentiv|justific|emit|suger|aconselh|prossegui|seguir com|satisfaz|disponibiliz|mostrar|guiar|instru"
    r"|especul|interpret|adotar|inclui|tratar|abordar|envolver|divulg|prest|indicar|dizer (?:como|o que|quem|onde)"
    r"|entrar em|fabric|reproduz|identific|diagnostic|tomar (?:partido|posição)|express|desenvolv|simul|detalh"
    r"|encoraj|passar (?:esse|essa|informaç|instruç|esses)|apresent)"
)
ES = (
    "puedo podré podre podría soy estoy voy debo quiero sería siento tengo prefiero preferiría niego corresponde"
    " deseo temo posible imposible incapaz creo pienso considero ayudo escribo genero proporciono ofrezco comento"
    " participo produzco doy comparto hago está veo rechazo declino abstengo abstendré manos haré ayudaré daré"
    " participaré escribiré proporcionaré haré compartiré responderé crearé entraré detallaré generaré diré"
    " explicaré ofreceré contribuiré facilitaré revelaré incluiré",
    "no me soy es niego declinar rechazar prefiero preferiría negarme abstenerme rechazo declino abstengo abstendré",
)
PT = (
    "posso consigo poderei poderia vou sou estou devo quero sinto prefiro tenho seria recuso preciso irei fui"
    " preferia preferiria possível abstenho-me abstenho incapaz impossível nego nego-me acho creio penso ajudo"
    " escrevo gero forneço ofereço comento participo produzo dou faço",
    "não sou é me nego-me prefiro recuso preferia preferiria recusar declinar abstenho",
)
IBERIAN = (
    # --- Spanish
    rule(
        "content_filter",
        (
            "contenido solicitud mensaje respuesta petición política políticas filtro bloqueado bloqueada"
            " moderación normas",
            "bloqueada bloqueado filtrada filtrado infringir infringe viola violar violan incumple incumplir"
            " marcado marcada rechazada rechazado política políticas filtro filtros eliminado eliminada normas"
            " restringido retenido retenida seguridad contraviene",
        ),
        r"(?:solicitud|contenido|mensaje|respuesta|petición|texto|consulta|salida)\b[^.!?\n]{0,50}\b(?:bloquead"
        r"|filtrad|infring|viol[ae]|incumpl|marcad|rechazad|retenid|eliminad|contravien|restringid)\w*|\bfiltros?"
        r" de (?:contenido|seguridad)|\bpolíticas? de (?:uso|contenido|seguridad)|\b(?:podría|puede) (?:infringir"
        r"|violar|incumplir)",
    ),
    near(
        r"no(?<!\wno) |solo |sólo ",
        "capability",
        (
            "acceso dispongo puedo tengo veo imagen archivo adjunto imágenes documento enlaces internet lenguaje"
            " recibido inteligencia capacidad memoria ningún ninguna",
            "no solo sólo",
        ),
        r"\bno (?:tengo|dispongo de|cuento con|poseo) (?:\w+ ){0,3}?(?:acceso|la capacidad|capacidad|la habilidad"
        r"|memoria|opiniones|sentimientos|emociones|experiencias|información (?:en tiempo|actual|sobre (?:tu|su|ti"
        r"|event)|posterior|person)|datos (?:en tiempo|actual|person)|conexión|creencias|preferencias|conciencia"
        r"|cuerpo|forma de (?:ver|acceder|verificar|abrir|saber|consultar)|manera de (?:ver|acceder|verificar"
        r"|saber)|herramientas)",
        r"\bno (?:puedo|soy capaz de|me es posible) (?:\w+mente )?(?:acceder|navegar|abrir|ver\b|visualizar"
        r"|consultar|buscar|escuchar|leer|recordar|ejecutar|enviar|realizar (?:llamadas|búsquedas|compras|reservas)"
        r"|recuperar|descargar|sentir|experimentar|visitar|reproducir|analizar (?:imágenes|la"
        r" imagen))[^.!?\n]{0,60}\b(?:internet|enlaces?|url|im[aá]gen(?:es)?|archivos?|p[aá]ginas?|web|tiempo real"
        r"|adjuntos?|documentos?|fotos?|v[íi]deos?|audios?|correos?|conversaci\w+|c[óo]digo|noticias|externos?"
        r"|externas?|actual\w*|llamadas|datos|bases? de datos|emociones|sentimientos|sitios?|tu \w+|su \w+)",
        r"\bno (?:veo|encuentro|he recibido|recibí|aparece|se ha|hay|has|ha|parece haber|se adjunt|se carg"
        r"|incluiste|adjuntaste)[^.!?\n]{0,25}(?:ning[uú]n|archivo|imagen|adjunt|documento|foto|enlace|cargad|subid"
        r"|texto|código)\w*|\bcomo (?:un |una )?(?:modelo|ia\b|inteligencia|asistente)[^.!?\n]{0,60}\bno (?:tengo"
        r"|puedo (?:sentir|ver|acceder|navegar|experimentar)|poseo|experimento|dispongo)|\bsolo (?:puedo"
        r" )?(?:proces|trabaj|leer|entiend)\w* (?:con )?texto",
    ),
    near(
        r"no(?<!\wno) (?:(?:me|te|le|les|os|lo|la|se|nos) )*(?:puedo|podr|voy|vamos|es |ser|está perm|siento|soy|sé"
        r" |estoy|corresponde|debo|quiero|deseo|tengo|está en|creo|pienso|consid|ayudo|escribo|gen|prop|ofrez"
        r"|coment|partic|prod|doy|comp|hago|\w+ré(?!\w))|imposible|incapaz|niego|declin|rechaz|prefer|prefier"
        r"|absten|obligad|decir que no",
        "hard",
        ES,
        rf"{ES_CANNOT}[^.!?\n]{{0,45}}?{ES_DOING}",
        rf"(?:^|\n)[^\w\"“«]*(?:\w+ ){{0,2}}{ES_SORRY}[^.!?\n]{{0,50}}?\bno (?:\w+ )?(?:puedo|podré|es posible|me"
        rf" es posible|voy a|estoy)\b(?! (?:asistir a|ir|llegar|venir|quedarme|acompañar|aceptar|devolver|esperar"
        rf"|acudir|estar|unirme))",
        r"\bno (?:(?:te|le|lo|la|os|les|se|me) )*(?!podré|olvidaré|seré|estaré|volveré|iré|llegaré|tendré|faltaré"
        r"|tardaré|sabré)\w+(?:aré|eré|iré|dré)\b|\bno (?:lo )?har[ée]\b|\bno está en mis? (?:manos|mano|capacidad)"
        r"|\bno (?:creo|pienso|considero)[^.!?\n]{0,20} que (?:deba|pueda|sea (?:apropiado|correcto|ético))|\b(?:me"
        r" resulta|me es) imposible|\bsoy incapaz de|\bes imposible para mí|\bno tengo (?:\w+ )?(?:autorización"
        r"|permiso|permitido)|\brechazo (?:participar|ayudar|hacer|escribir)|\bno (?:ayudo|escribo|genero"
        r"|proporciono|ofrezco|comento|participo|produzco|doy|comparto|hago) (?:\w+ ){0,3}(?:contenido|consejos"
        r"|instrucciones|información|opiniones|eso|esto|ese|con|en|a|chistes|bromas)|\b(?:me niego|debo (?:rechazar"
        r"|declinar|negarme|abstenerme|decir que no|negar)|tengo que (?:rechazar|declinar|negarme|decir que no)"
        r"|prefiero (?:no\b|abstenerme)|preferiría (?:no\b|abstenerme)|me veo (?:obligad[oa]|en la obligación)"
        r"|rechazo (?:esta|tu|su|esa)|me abstengo|me abstendré|declino)",
    ),
    near(
        r"contra de|mis |nuestras |fuera de|no es |no sería|irresp|inapro|ético|sería|no, no|niego",
        "hard",
        (
            "contra directrices pautas principios normas políticas ético ética apropiado inapropiado irresponsable"
            " correcto fuera algo posible adecuado aceptable no, programación valores",
        ),
        r"\b(?:sería|es) (?:\w+ )?(?:irresponsable|inapropiado|poco ético|antiético)[^.!?\n]{0,20}(?:por mi parte"
        r"|de mi parte|ayud|que yo|proporcion)|\bno (?:es|sería) (?:\w+ )?(?:étic|correct|apropiad|responsable)\w+"
        r" (?:por|de) mi parte|\bsería (?:\w+ )?(?:irresponsable|poco ético|inapropiado|peligroso) (?:dar|ofrec"
        r"|proporcion|ayud|recomend|suger|decir|compart|que yo)|\bno (?:es|sería) (?:algo|un tema|una (?:petición"
        r"|solicitud|tarea)|el tipo)[^.!?\n]{0,40}\b(?:pued[oa]|voy|estoy|haré|haga|deba|quiera)|\b(?:va|iría|van"
        r"|está) en contra de (?:mis|nuestras|las)|\b(?:mis|nuestras) (?:directrices|pautas|políticas|normas"
        r"|principios|programación|valores)[^.!?\n]{0,40}(?:imp|no (?:me )?permit|prohí|prohib)|\bfuera de (?:mi"
        r"|mis|lo que puedo)|\bno es (?:posible|apropiado|ético|adecuado|correcto|aceptable)[^.!?\n]{0,20}(?:que yo"
        r"|para mí|ayudar|proporcionar|hacer|promover|fomentar|bromear)|^\W*no[,.] no (?:puedo|voy)",
    ),
    rule(
        "soft",
        (
            "prefiero preferiría solo sólo únicamente hablemos cambiemos hablamos omitido omito otro otra tema"
            " temas detalles",
        ),
        r"\b(?:solo|sólo|únicamente|solamente) (?:puedo|podría|podré) (?:\w+ ){0,2}(?:ofrec|dar|brind|proporcion"
        r"|hablar|compart|comentar|explic|ayud|coment|decir)\w*|\bpuedo (?:\w+ )?(?:solo|sólo|únicamente) "
        r"|\b(?:hablemos|cambiemos|hablamos|podemos hablar|charlemos|conversemos|pasemos|qué tal"
        r" si)\b[^.!?\n]{0,20}\b(?:de |sobre )?(?:otr[ao]|algo (?:distinto|diferente|más)|tema)|\bhe (?:omitido"
        r"|dejado fuera|evitado|excluido)|\bomit(?:o|iré|ido) (?:los|las|el|la|deliberad)|\bsin (?:entrar en|dar)"
        r" (?:detalles|instrucciones|información) (?:\w+ )?(?:específic|concret|operativ|técnic)|\bno (?:voy a"
        r"|entraré|incluiré|detallaré)[^.!?\n]{0,12}(?:en detalles|detall|inclu|profundiz)",
    ),
    rule(
        "safety_redirect",
        (
            "profesional profesionales médico psicólogo abogado terapeuta ayuda crisis emergencias línea policía"
            " solo sola confianza 024 112 911 autoridades especialista médica farmacéutico veterinario",
            "recomiendo recomendaría sugiero sugeriría aconsejo animo insto ruego favor deberías debería puedes"
            " necesitas conviene mejor urgente invito estás está llama llame contacta contacte busca acude acuda"
            " consulta consulte habla hable importante pido recomendable tienes",
        ),
        r"\b(?:recomiendo|recomendaría|sugiero|sugeriría|aconsejo|animo|insto|ruego|pido|recomendable|importante"
        r"|mejor|por favor|deberías|debería|puedes|necesitas|conviene|urgente|lo (?:mejor|ideal|más)|te invito|le"
        r" invito)\b[^.!?\n]{0,60}\b(?:habl|busc|contact|llam|acud|consult|pon(?:te|erte|erse|gas|ga)|comuni|acerc"
        r"|solicit|pid|recurr|dirig|vay|vayas|ve a|ir a)\w*[^.!?\n]{0,60}(?:profesional|médic|psicólog|psiquiatr"
        r"|abogad|terapeut|línea|emergenc|crisis|confianza|autoridad|policía|024|112|911|especialist|farmac"
        r"|veterinari|asesor)|\bno est[áa]s? sol[oa]\b|\bno tienes? que (?:pasar|enfrentar)|\b(?:llama|llame"
        r"|contacta|contacte|busca|acude|acuda|consulta|consulte|habla|hable) (?:\w+ ){0,4}(?:línea|024|112|911"
        r"|emergenc|profesional|médic|psicólog|abogad|teléfono)",
    ),
    # --- Portuguese
    rule(
        "content_filter",
        (
            "conteúdo solicitação mensagem resposta pedido política políticas filtro filtros bloqueado bloqueada"
            " moderação diretrizes",
            "bloqueada bloqueado filtrada filtrado violar viola violam infringir infringe sinalizado sinalizada"
            " rejeitada rejeitado política políticas filtro filtros removido removida diretrizes restringido"
            " contrária retida retido",
        ),
        r"(?:solicitação|conteúdo|mensagem|resposta|pedido|texto|saída)\b[^.!?\n]{0,50}\b(?:bloquead|filtrad"
        r"|viol[ae]|infring|sinalizad|rejeitad|retid|removid|restring|contrari)\w*|\bfiltros? de (?:conteúdo"
        r"|segurança)|\bpolíticas? de (?:uso|conteúdo|segurança)|\b(?:pode|poderia) (?:violar|infringir)",
    ),
    near(
        r"não(?<!\wnão) |nenhum|como |só ",
        "capability",
        (
            "não nenhum nenhuma",
            "acesso disponho posso tenho consigo vejo imagem arquivo ficheiro anexo anexado imagens documento links"
            " internet ia linguagem modelo recebi inteligência capacidade memória nenhum nenhuma há possuo",
        ),
        r"\bnão (?:tenho|disponho de|possuo|conto com) (?:\w+ ){0,3}?(?:acesso|(?:a )?capacidade|habilidade|memória"
        r"|opiniões|sentimentos|emoções|experiências|informações (?:em tempo|atual|sobre (?:você|seu|sua|event)"
        r"|pesso)|dados (?:em tempo|atual|pesso)|conexão|crenças|preferências|consciência|corpo|como (?:ver|acessar"
        r"|verificar|abrir|saber|aceder)|forma de|meios|ferramentas)|\bnão (?:posso|consigo|sou capaz de|me é"
        r" possível) (?:\w+mente )?(?:acessar|aceder|navegar|abrir|ver\b|visualizar|consultar|buscar|pesquisar"
        r"|ouvir|ler|lembrar|recordar|executar|enviar|fazer (?:ligações|chamadas|compras|pesquisas|reservas)"
        r"|recuperar|baixar|sentir|experimentar|visitar|reproduzir|assistir|analisar (?:imagens|a"
        r" imagem))[^.!?\n]{0,60}\b(?:internet|links?|url|imagens?|imagem|arquivos?|ficheiros?|páginas?|web|tempo"
        r" real|anexos?|documentos?|fotos?|v[íi]deos?|áudios?|e-?mails?|conversas?|código|notícias|externos?"
        r"|externas?|atua\w*|ligações|chamadas|dados|emoções|sentimentos|sites?|seu \w+|sua \w+|teu \w+)",
        r"\b(?:não (?:vejo|encontrei|encontro|recebi|há|foi|parece haver|consta|consigo ver)"
        r"|nenhum[a]?)\b[^.!?\n]{0,30}(?:arquivo|ficheiro|imagem|anex|documento|foto|link|enviad|carregad|texto)\w*"
        r"|\bcomo (?:um |uma )?(?:modelo|ia\b|inteligência|assistente)[^.!?\n]{0,60}\bnão (?:tenho|posso (?:sentir"
        r"|ver|acessar|navegar)|possuo|sinto|disponho|experiencio)|\bsó (?:consigo|posso|processo) (?:processar "
        r"|ler )?texto",
    ),
    near(
        r"não(?<!\wnão) (?:(?:me|te|lhe|o|a|lhes|se) )*(?:posso|cons|poder|vou|irei|é poss|será|me |sou|sinto|est"
        r"|devo|quero|tenho|seria|é |fui|tenho|acho|creio|penso|ajudo|escr|gero|forn|ofer|com|part|prod|dou|faço)"
        r"|incapaz|imposs|nego|recus|declin|prefir|prefer|abstenh|me abster|dizer não|obrigad|passar",
        "hard",
        PT,
        rf"{PT_CANNOT}[^.!?\n]{{0,45}}?{PT_DOING}",
        rf"(?:^|\n)[^\w\"“«]*(?:\w+ ){{0,2}}{PT_SORRY}[^.!?\n]{{0,50}}?\bnão (?:\w+ )?(?:posso|poderei|consigo|é"
        rf" possível|vou|estou)\b(?! (?:ir|vir|comparecer|estar|aceitar|participar d|chegar|ficar|acompanhar"
        rf"|esperar|devolver))",
        r"\bnão (?:acho|creio|penso|considero)[^.!?\n]{0,20} que (?:deva|possa|seja)|\bsou incapaz de|\bé"
        r" impossível para mim|\bnão tenho (?:\w+ )?(?:autorização|permissão)|\b(?:nego-me|me nego)\b|\b(?:isso"
        r"|isto) (?:eu )?não (?:posso|vou|consigo)\b|\bnão (?:ajudo|escrevo|gero|forneço|ofereço|comento|participo"
        r"|produzo|dou|partilho|faço) (?:\w+ ){0,3}(?:conteúdo|conselhos|instruções|informações|opiniões|isso|isto"
        r"|esse|com|em|a|piadas)|\b(?:me recuso|recuso-me|(?:devo|preciso|tenho (?:de|que)|terei (?:de|que))"
        r" (?:\w+mente )?(?:recusar|declinar|me abster|dizer não|negar)|prefiro (?:não|me abster|evitar)"
        r"|preferi(?:a|ria) (?:não|evitar)|vejo-me obrigad|sou obrigad[oa] a recusar|recuso (?:este|esse|o seu|seu)"
        r"|me abstenho|abstenho-me|vou (?:ter de |ter que )?(?:recusar|declinar|passar))",
    ),
    near(
        r"contra|minhas |meus |nossas |fora d|receio|viola|infringe|não fui|não (?:\w+ ){0,2}\w+rei(?!\w)|não é "
        r"|não seria|irresp|inapro|ético|recuso|não, não|seria",
        "hard",
        (
            "contra alcance receio fui farei direi darei ajudarei participarei escreverei fornecerei responderei"
            " compartilharei criarei viola infringe diretrizes políticas normas princípios programação valores"
            " regras fora apropriado ético ética adequado correto aceitável responsável irresponsável inapropriado"
            " algo recuso-me não, encontro",
        ),
        r"\brecuso-me\b|\bnão (?:(?:te|lhe|o|a|vos|lhes|me) )*(?!poderei|esquecerei|serei|estarei|voltarei|irei"
        r"|chegarei|terei|saberei)\w+[aei]rei\b|\bnão (?:o )?(?:farei|direi)\b|\bnão fui (?:\w+ )?(?:projetad"
        r"|programad|feit|criad|concebid|desenvolvid)[oa] para|\breceio (?:que )?não|\b(?:isso|isto|esse pedido"
        r"|este pedido) (?:viola|infringe|contraria)[^.!?\n]{0,12} (?:minhas|meus|as|os)|\bfora do meu alcance"
        r"|\bseria (?:\w+ )?(?:irresponsável|inapropriado|antiético|perigoso) (?:dar|indic|fornec|ajud|recomend"
        r"|suger|diz|compart|oferec)|\b(?:seria|é) (?:\w+ )?(?:irresponsável|inapropriado|antiético"
        r"|inadequado)[^.!?\n]{0,20}(?:da minha parte|de minha parte|eu |ajud|fornec)",
        r"\bnão (?:é|seria) (?:algo|um (?:tema|assunto|pedido)|uma (?:solicitação|tarefa)|o"
        r" tipo)[^.!?\n]{0,40}\b(?:poss[oa]|vou|estou|consig[oa]|dev[oa])|\b(?:vai|vão|iria|está) (?:contra|de"
        r" encontro a)\w* (?:\w+ )?(?:minhas|meus|as|nossas|os)|\b(?:minhas|meus|nossas) (?:diretrizes|políticas"
        r"|normas|princípios|programação|valores|regras)[^.!?\n]{0,40}(?:imped|não (?:me )?permit|proíb)|\bfora"
        r" d(?:o|a|e) (?:meu|minha|que posso)|\bnão (?:é|seria) (?:apropriado|ético|adequado|correto|aceitável"
        r"|responsável)[^.!?\n]{0,30}|^\W*não[,.] não (?:posso|vou)",
    ),
    rule(
        "soft",
        ("só somente apenas vamos falar conversar mudar omiti outro outra assunto detalhes podemos",),
        r"\b(?:só|somente|apenas) (?:posso|poderia|consigo) (?:\w+ ){0,2}(?:oferec|dar|fornec|falar|compartilh"
        r"|partilh|coment|explic|ajud|abord)\w*|\bposso (?:\w+ )?(?:apenas|somente) |\b(?:vamos|podemos|que tal"
        r"|prefiro)\b[^.!?\n]{0,25}\b(?:falar|conversar|mudar|discutir)?[^.!?\n]{0,14}\b(?:outr[ao] (?:coisa"
        r"|assunto|tema)|de assunto|algo diferente)|\b(?:omiti|deixei de fora|excluí|evitei)\b|\bsem (?:entrar em"
        r"|dar) (?:detalhes|instruções)|\bnão (?:vou|irei|entrarei) (?:entrar |incluir |detalhar )?(?:em detalhes"
        r"|detalh|os detalhes|as instruções)",
    ),
    rule(
        "safety_redirect",
        (
            "profissional profissionais médico psicólogo advogado terapeuta ajuda crise emergência linha polícia"
            " sozinho sozinha confiança 188 cvv 190 193 192 112 autoridades especialista farmacêutico saúde"
            " veterinário",
            "recomendo recomendaria sugiro aconselho encorajo incentivo peço favor deveria deve pode precisa convém"
            " melhor urgente importante recomendável essencial ideal ligue contacte contate procure liga busque"
            " consulte fale você estás está",
        ),
        r"\b(?:recomendo|recomendaria|sugiro|aconselho|encorajo|incentivo|peço|importante|melhor|por favor|deveria"
        r"|deve|pode|precisa|convém|urgente|recomendável|essencial|ideal)\b[^.!?\n]{0,60}\b(?:fal|procur|busc"
        r"|contat|contact|lig|consult|entr|convers|recorr|dirij|acion|peç)\w*[^.!?\n]{0,60}(?:profissional|médic"
        r"|psicólog|psiquiatr|advogad|terapeut|linha|emergênc|crise|confiança|autoridad|polícia|188|cvv|192|190|193"
        r"|112|especialist|farmac|veterinár)|\b(?:você não está|não estás|não está) sozinh[oa]|\b(?:ligue|contacte"
        r"|contate|procure|liga|busque|consulte|fale) (?:\w+ ){0,5}(?:cvv|188|190|192|193|112|emergênc|profissional"
        r"|médic|psicólog|advogad|linha|ajuda)",
    ),
)
