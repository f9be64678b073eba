"""Writes scores by Python's vaderSentiment for @dpo/eval's tests into tooling/parity/fixtures/eval/, and the emoji table of
its rules into packages/eval/src/vader/_emoji.ts.

    python -m pip install vaderSentiment==3.3.2
    python tooling/parity/eval.py
"""

import json
import random
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

HERE = Path(__file__).parent
FIXTURES = HERE / "fixtures" / "eval"
EMOJI = HERE.parent.parent / "packages" / "eval" / "src" / "vader" / "_emoji.ts"

SENTENCES = """
VADER is smart, handsome, and funny.
VADER is smart, handsome, and funny!
VADER is very smart, handsome, and funny.
VADER is VERY SMART, handsome, and FUNNY.
VADER is VERY SMART, handsome, and FUNNY!!!
VADER is VERY SMART, uber handsome, and FRIGGIN FUNNY!!!
VADER is not smart, handsome, nor funny.
The book was good.
At least it isn't a horrible book.
The book was only kind of good.
The plot was good, but the characters are uncompelling and the dialog is not great.
Today SUX!
Today only kinda sux! But I'll get by, lol
Make sure you :) or :D today!
Catch utf-8 emoji such as 💘 and 💋 and 😁
Not bad at all
Sentiment analysis has never been good.
Sentiment analysis has never been this good!
Most automated sentiment analysis tools are shit.
With VADER, sentiment analysis is the shit!
Other sentiment analysis tools can be quite bad.
On the other hand, VADER is quite bad ass
VADER is such a badass!
Without a doubt, excellent idea.
Roger Dodger is one of the most compelling variations on this theme.
Roger Dodger is at least compelling as a variation on the theme.
Roger Dodger is one of the least compelling variations on this theme.
Not such a badass after all.
Without a doubt, an excellent idea.
I love this movie.
I LOVE this movie!
I love, love, love this movie
I loved it and I would see it again.
I did not love this movie.
I don't love this movie.
I never loved this movie.
I can't say that I loved it.
The film is amazing
The film is AMAZING and the cast is AMAZING.
The acting was terrible, the script was worse, and the ending was the worst of all.
A flawed but moving film with a big heart.
A film with heart. Flawed, yes, but with heart
Two hearts beat as one in this beating heart of a picture.
No fun at all.
No good film has no bad scene.
There is no reason to watch, no humour or joy in it.
No.
no
It has no real plot nor charm.
Neither good nor bad.
It was hardly good, barely watchable, and scarcely funny.
It was sort of nice, kind of sweet, and just enough fun.
A tremendous, incredible, major disaster.
An extreme bore and an utter mess; a total waste.
Slightly boring. Marginal fun. Occasional laughs.
What a surprise??
What a surprise???
What a surprise????
Really??!! I hated it!!!!!!
Why? Oh why? A disaster?
BUT I liked it
I liked it BUT the sound was awful
I liked it. But, the sound was awful, and the seats were awful, but the popcorn was great.
But but but great
good good but good bad
The movie was good, good, but good, good.
It was great but was it great?
the bomb
This film is the bomb
Yeah right, a masterpiece
It is a film to die for
The kiss of death for a comedy
They met at the bus stop and it was bad
He cut the mustard with hand to mouth.
least favourite of my friends
The least interesting film at the festival
at least interesting
very least good
It's the very least I could love.
The hero wins; the villain cries.
Despite the great cast it fails.
Without humour, without love, without hope.
Rarely funny, seldom clever
I seldom laugh. He couldn't care less. They shouldn't win
never so good
Never this happy before, never so sad again
It isn't this good
so this good
ain't bad, cannot fail, uh-uh love
:) :( :-) :-( ;) :P
<3 this movie! </3 that one
A film :D with laughter XD
:)
()
!!!
???

   leading and trailing spaces are good   
tabs	and	new
lines are fine
good—bad
good...bad ...good... bad!?!
"Wonderful", she said. 'Awful', he replied.
It's a feel-good movie, well-loved by the not-so-happy few.
(great) [great] {great} *great* _great_ ~great~ `great` #great @great $great %great ^great &great
I LOVE IT
i love it
I Love It
GREAT 😀
GREAT😀
😀GREAT
great😀😡bad
😍😍😍
👎🏽 not my thing ❤️
ÜBER gut, ÄUSSERST GOOD
Ça c'est good, NAÏVE and HAPPY
Movie of the year: 10/10, would watch again. Best. Film. Ever.
One of the most beautiful and touching films that I have ever seen in my whole life
The movie is a bit slow and the story is not that interesting, but the actors did a fine job.
I walked out after twenty minutes.
is a romantic comedy about a young woman who falls in love with a man who is already engaged
was a bit of a disappointment. The movie was supposed to be a comedy, but it turned out to be a drama
is one of the most iconic and memorable characters in the history of cinema, and for good reason
a must-see for anyone who loves action, adventure, and a good laugh
constructor toString hasOwnProperty __proto__ valueOf good
""".split("\n")[1:-1]

SUBJECTS = ["The film", "It", "the acting", "THE SCRIPT", "Her role", "this"]
VERBS = ["is", "was", "isn't", "was never", "has no", "can't be", "WAS NOT", "was without doubt", "remains"]
DEGREES = ["", "", "very", "so", "this", "kind of", "SO", "barely", "the least", "at least", "really very", "utterly"]
WORDS = ["good", "bad", "GREAT", "awful", "funny", "sad", "BORING", "plain", "love", "amazing", "the bomb", "flawed"]
LINKS = [".", "!", " but", ", but", "?", " and", ",", " 😂", " or", "... no", "!!"]


def generated(count):
    pick = random.Random(3).choice
    for _ in range(count):
        parts = []
        for _ in range(pick([1, 2, 3])):
            words = [pick(SUBJECTS), pick(VERBS), pick(DEGREES), pick(WORDS)]
            parts.append(" ".join(word for word in words if word) + pick(LINKS))
        yield " ".join(parts)


def write_emoji(emojis):
    """The table of emojis of one character: the Python walks over the text by code points, so longer emojis never match."""
    entries = [f"{emoji}{text}" for emoji, text in emojis.items() if len(emoji) == 1]
    lines, line = [], ""
    for entry in entries:
        if len(line) + len(entry) > 110:
            lines.append(line)
            line = ""
        line += entry + "|"
    lines.append(line.rstrip("|"))
    body = "\n".join(lines)
    assert "`" not in body and "\\" not in body and "$" not in body
    EMOJI.write_text(
        "/**\n * What vaderSentiment 3.3.2 reads in place of an emoji: the emoji and then its words, entries separated by `|`.\n"
        " * Written by tooling/parity/eval.py; the licence stands in `_rules.ts`.\n */\n"
        f"export const emojiWords = `\n{body}\n`;\n",
        encoding="utf-8",
    )


def main():
    analyzer = SentimentIntensityAnalyzer()
    sentences = list(dict.fromkeys([*SENTENCES, *generated(250)]))
    scores = [[text, analyzer.polarity_scores(text)["compound"]] for text in sentences]
    FIXTURES.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(score, ensure_ascii=False) for score in scores)
    (FIXTURES / "vader.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    write_emoji(analyzer.emojis)


main()
