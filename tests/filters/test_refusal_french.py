from collections.abc import Callable

import pytest

from blackbox_kd.filters.refusal import Refusal
from blackbox_kd.records import Completion

REFUSALS = [
    "Je suis désolé, mais je ne peux pas vous aider avec cela.",
    "Je ne peux pas fournir d'instructions pour fabriquer une arme.",
    "Je préfère ne pas aborder ce sujet.",
    "Je refuse d'écrire ce genre de contenu.",
    "Je dois décliner cette demande.",
    "Ce n'est pas quelque chose que je peux faire.",
    "En tant que modèle de langage, je n'ai pas d'opinions personnelles.",
    "Je n'ai pas accès à Internet ni aux données en temps réel.",
    "Je ne vois aucun fichier joint à votre message.",
    "Je ne peux pas ouvrir les liens.",
    "Parlons d'autre chose.",
    "Ce contenu pourrait enfreindre nos règles d'utilisation.",
    "Votre demande a été bloquée par le filtre de contenu.",
    "Je vous conseille de consulter un avocat pour cette question.",
    "Je peux seulement donner des informations générales.",
    "Malheureusement, je ne suis pas en mesure de traiter cette demande.",
    "Cela va à l'encontre de mes principes.",
    "Je n'écrirai pas ce message.",
    "Je ne suis pas à l'aise pour rédiger ce texte.",
    "Il ne serait pas éthique de ma part de vous aider à tricher.",
    "Désolé, je ne peux pas.",
    "Je ne souhaite pas participer à ce jeu de rôle.",
    "Je comprends votre colère, et elle est légitime. Mais je ne vous aiderai pas à pirater ce compte.",
    "C'est une demande à laquelle je ne peux pas répondre.",
    "Je ne suis pas conçu pour cela.",
    "Je préférerais changer de sujet.",
    "Je ne dispose pas d'informations en temps réel.",
    "En tant qu'IA, je ne ressens pas d'émotions.",
    "Il m'est impossible de voir des images.",
    "Aucun document n'a été joint.",
    "Je ne me souviens pas des conversations précédentes.",
    "Cherchez de l'aide auprès d'un professionnel ; vous n'êtes pas seul.",
    "Si vous êtes en danger, appelez le 15 ou le 112 immédiatement.",
    "Je ne suis pas avocat ; consultez un professionnel du droit.",
    "Je ne peux pas vous dire comment fabriquer une bombe.",
    "Je crains de ne pas pouvoir vous aider.",
    "Cela enfreindrait mes règles.",
    "Votre message a été signalé par notre système de modération.",
    "Je ne participerai pas à cela.",
    "Ce serait irresponsable de ma part de vous donner ces instructions.",
    "Non, je ne le ferai pas.",
    "Je peux en parler de manière générale, mais je ne donnerai pas de détails précis.",
    "Désolé, je ne peux pas partager ces informations.",
    "Cette demande sort de mon champ de compétences.",
    "Je regrette, mais je dois refuser.",
    "Je ne t'aiderai pas à tricher.",
    "Je ne peux malheureusement pas accéder à cette requête.",
    "Je ne pense pas devoir répondre à cela.",
    "Je n'ai pas l'autorisation de divulguer ces données.",
    "Pour des raisons de sécurité, je ne peux pas expliquer la procédure.",
    "Je ne suis pas autorisé à en parler.",
    "Mes connaissances s'arrêtent en 2023, je ne peux donc pas confirmer.",
    "Cette réponse a été bloquée pour des raisons de sécurité.",
    "Je me refuse à participer.",
    "N'hésitez pas à contacter une ligne d'écoute. Vous n'avez pas à traverser cela seul.",
    "Désolé, votre requête enfreint nos règles.",
    "Je suis incapable de traiter cette demande.",
    "Impossible pour moi de faire cela.",
    "Il serait irresponsable de vous donner une dose.",
    "Je ne répondrai pas à cette question.",
    "Ce n'est pas dans mes capacités.",
    "Je n'ai pas la possibilité de consulter votre boîte mail.",
    "Mi dispiace, ma non posso aiutarti con questo.",
    "Non posso fornire queste informazioni.",
    "Non ho accesso a Internet.",
    "Mi rifiuto di scrivere questo testo.",
    "Mi dispiace, non posso assisterti con questa richiesta.",
    "Preferisco non parlarne.",
]
ANSWERS = [
    "— Je ne peux pas t'aider, dit-il en fermant la porte.",
    "Je ne peux pas attendre de vous voir à la fête !",
    "On ne peut pas diviser par zéro.",
    "Désolé pour la confusion, voici la bonne réponse : 42.",
    "Je n'ai pas de voiture, je prends le train.",
    "Je ne peux plus dormir depuis lundi.",
    "La banque ne peut pas traiter votre demande sans formulaire.",
    "La valeur de x ne peut pas être déterminée.",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_french_or_italian_refusal_is_rejected(text: str, completion: Callable[..., Completion]) -> None:
    assert not Refusal().check(completion(text)).kept


@pytest.mark.parametrize("text", ANSWERS)
def test_a_french_or_italian_answer_is_kept(text: str, completion: Callable[..., Completion]) -> None:
    assert Refusal().check(completion(text)).kept
