"""Fixtures for tokenizers: five small tokenizers, trained by this script, with ids and decoded texts of two thousand lines.

NAME.tokenizer.json: the file of the Python `tokenizers` library. lines.json: the texts: sentences in many languages,
lines of this repository's documents and sources, mixtures of their words, and random characters. NAME.json: the ids of
"a" with the special tokens around them; of the first lines ids without special tokens, and the decoded text when it
differs from the line; of every line the first 8 hexadecimal digits of the SHA-256 of its ids, joined by commas, a
line break and the decoded text.

    python tooling/parity/tokenizer.py
"""

import hashlib
import json
import random
from pathlib import Path
from unicodedata import ucd_3_2_0

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

FOLDER = Path(__file__).parent / "fixtures" / "tokenizer"

ENGLISH = """
The film opens on a quiet street at dawn, and for twenty minutes nobody speaks.
Don't let that put you off: it's the best thing I've seen this year, and they'll say so too.
We'd hoped for more. The second half drags, the jokes don't land, and the ending wasn't earned.
"Why now?" she asked. "Because," he said, "there is no later."
In 1987 about 3,500 people lived here; by 2024 there were 12 left.
Prices rose 4.5% to $1,299.99 (see p. 12), while costs fell by 1/3.
A preferred answer is short, honest and kind; a dispreferred one is none of these.
The model assigns a higher probability to the answer that people preferred.
I can't recommend it to anyone who's seen the original, but children will love it.
Visit https://example.org/path?q=a+b&lang=en#top or write to someone@example.org.
""".strip().split("\n")

CODE = """
def add(a: int, b: int = 0) -> int:
    return a + b  # sum
for (let i = 0; i < 10; i++) { console.log(`row ${i}`); }
if (x != null && x.y >= 3.14e-5) { throw new Error("bad\\tvalue"); }
\tconst values = new Float32Array(4 * 1024);
SELECT name, count(*) FROM rows WHERE id IN (1, 22, 333) GROUP BY name;
{"prompt": "Hi", "chosen": ["a", "b"], "score": -0.5}
<div class="note">&nbsp;text</div>
#include <stdio.h>
snake_case_name camelCaseName CONSTANT_NAME kebab-case-name
""".strip("\n").split("\n")

SCRIPTS = """
Привет, мир! Сегодня 5 октября.
Η γρήγορη καφέ αλεπού.
你好，世界。今天是2024年1月1日。
こんにちは、世界！カタカナとひらがな。
안녕하세요 세계
مرحبا بالعالم ١٢٣
שלום עולם
नमस्ते दुनिया १२३
สวัสดีชาวโลก
Tiếng Việt có dấu
naïve café résumé Ångström ﬁne ﬂow
e\u0301tude and étude
🙂🙃 👩‍👩‍👧 🏳️‍🌈 ok
𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛 ½ ² ③ Ⅷ
zero\u200bwidth, no\u00a0break, line\u2028separator
“quotes” — dashes … and • bullets ™
""".strip().split("\n")

ODD = [
    "", " ", "  ", "\n", "\t", " \n \n", "a", " a", "a ", "  two  spaces  ", "tabs\t\there", "line\nbreak\n\nparagraph",
    "carriage\r\nreturn", "trailing newline\n", "DON'T SHOUT, I'LL HEAR YOU'VE", "it's'll've", "12345678901234567890",
    "a1b22c333", "???!!!...", "_____", "-- --- ----", "x" * 100, "ab" * 40, "\x00\x01\x7f", "\ufffd\ufeff",
    "<s>not special</s>", "<|end|>", "before <|end|> after", "<|end|><|end|>x", "text<|end|>", " <|end|> ", "[CLS] a [SEP]",
]  # fmt: skip


SENTENCES = """
Heute Morgen schien die Sonne über den Dächern, und für einen Augenblick war es ganz still.
L’année dernière, j’ai goûté ce gâteau à Genève; c’était délicieux, n’est-ce pas ?
¿Quién sabe dónde está el niño? ¡Mañana volverá, según su abuela!
Amanhã não haverá pão; a manhã será fria e as maçãs, caríssimas.
Perché no? È già così tardi che nessuno c'è più.
De zeeën zijn vandaag rustig, maar 's avonds waait het weer.
Zażółć gęślą jaźń, powiedziała łąka do źdźbła trawy.
Příliš žluťoučký kůň úpěl ďábelské ódy o půlnoci.
Árvíztűrő tükörfúrógép állt a kertben, s őrült zajt csapott.
Şu köşe yaz köşesi; İstanbul'da ılık bir rüzgâr esiyor.
På en ö i sjön bodde en gammal man; hans båt låg vid ån.
Sé ástin blind, þá er æðin samt rauð, sagði hún á Íslandi.
Õhtul käis öine äike üle järve; püüdsime kala.
Şcoala începe în țară când vara se sfârșește, zise învățătoarea.
Съешь же ещё этих мягких французских булок, да выпей чаю.
Щастя прийшло несподівано; ґанок був білий, їжак спав.
Ово је љубав, рече њен ђак, и отвори прозор.
Την άνοιξη ανθίζουν οι αμυγδαλιές· ποιος δεν το ξέρει;
Հայերենը գեղեցիկ լեզու է, ասաց նա։
ქართული ანბანი ოცდაცამეტ ასოს შეიცავს.
כל אדם נולד חופשי, אמר הזקן לנכדו הקטן.
الكتاب على الطاولة، والقلم تحت الكرسي؛ هل رأيتَهما؟
این کتاب‌ها را دیروز خریدم؛ می‌خواهی یکی را بخوانی؟
یہ کتاب بہت اچھی ہے، لیکن قیمت زیادہ ہے۔
वह कल सुबह जल्दी उठकर नदी के किनारे टहलने गया।
আজ সকালে বৃষ্টি হয়েছিল, এখন আকাশ পরিষ্কার।
இன்று காலை மழை பெய்தது, பிறகு வெயில் வந்தது.
ఈ రోజు వాతావరణం చాలా బాగుంది కదా?
ಮಳೆ ಬಂದರೆ ನಾವು ಮನೆಯಲ್ಲೇ ಇರುತ್ತೇವೆ.
മഴ പെയ്താൽ പുഴ നിറയും, കുട്ടികൾ ചിരിക്കും.
วันนี้อากาศดีมาก เราไปเดินเล่นกันที่สวนดีไหม
ມື້ນີ້ຝົນຕົກ ແຕ່ມື້ອື່ນແດດຈະອອກ
မနက်ဖြန် ကျောင်းသွားမယ်၊ မမေ့ပါနဲ့။
ថ្ងៃនេះមេឃស្រឡះ ហើយខ្យល់បក់ល្ហើយ។
བོད་སྐད་ནི་སྐད་ཡིག་ཅིག་ཡིན།
今天早上下雨了，下午天晴了，我们去公园散步吧！
臺灣的夏天很熱，可是山上涼快得多。
昨日は雨が降りましたが、今日はとても良い天気ですね。ﾊﾝｶｸ ｶﾀｶﾅ
오늘은 날씨가 정말 좋네요. 같이 산책하러 갈까요?
Hôm nay trời đẹp quá, chúng ta đi dạo công viên nhé?
Selamat pagi, apa kabar? Besok kita pergi ke pasar.
Habari za asubuhi! Leo nitakwenda sokoni kununua ndizi.
Ọjọ́ dára lónìí; ẹ jọ̀ọ́, ẹ wá jẹun.
ዛሬ አየሩ ጥሩ ነው፤ ነገ ግን ዝናብ ይኖራል።
ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ
1er août 2024 à 14 h 30 — 1 234,56 € (soit ≈ 1 350 $)
x² + y² = z², ∑ᵢ aᵢ ≤ ∞, ∀ε>0 ∃δ: |f(x)−f(y)| < ε ⇒ 𝛼 ∈ ℝ
👍🏽 👩🏿‍🚀 🇨🇭🇯🇵 ❤️‍🔥 1️⃣ ☕︎ 🫠
Ｆｕｌｌｗｉｄｔｈ　ｔｅｘｔ，１２３！ ㍿ ㎏ ﷺ ﬀ ĳ ǆ
a\u0300\u0301 o\u0308\u0304 n\u0303 ｱ\uff9e 각 \u1100\u1161\u11a8 ẛ̣ ſ
""".strip().split("\n")


def repository_lines(rng: random.Random) -> list[str]:
    """Lines of this repository's documents and sources, which are English and code."""
    root = Path(__file__).parents[2]
    files = [root / "README.md", root / "AGENTS.md", *sorted((root / "docs").rglob("*.md"))]
    for pattern in ("packages/*/src/**/*.ts", "packages/*/README.md", "tooling/parity/*.py"):
        files += sorted(file for file in root.glob(pattern) if file.name != "tokenizer.py")
    short_lines = sorted({line for file in files for line in file.read_text(encoding="utf-8").split("\n") if 0 < len(line) < 160})
    return rng.sample(short_lines, 1100)


def lines() -> list[str]:
    rng = random.Random(0)
    words = [word for line in ENGLISH + CODE + SCRIPTS + SENTENCES for word in line.split()]
    mixed = [
        rng.choice(["", " ", "  "])
        + "".join(rng.choice(words) + rng.choice([" ", " ", " ", "  ", "\n", "", "\t"]) for _ in range(rng.randint(1, 7)))
        for _ in range(600)
    ]
    ranges = [
        (32, 126), (32, 126), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x52F), (0x590, 0x6FF), (0x900, 0xE7F),
        (0x1100, 0x11FF), (0x1E00, 0x206F), (0x2070, 0x2BFF), (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),
        (0xF900, 0xFFEF), (0x1D400, 0x1D7FF),
    ]  # fmt: skip
    # Only characters of Unicode 3.2, since libraries of different age differ about younger characters.
    characters = [[c for c in map(chr, range(low, high + 1)) if ucd_3_2_0.category(c) != "Cn"] for low, high in ranges]
    characters.append(list("🙂🙃🌍🎉🐱🍕🔥💯"))
    noise = ["".join(rng.choice(rng.choice(characters)) for _ in range(rng.randint(1, 12))) for _ in range(200)]
    return SCRIPTS + ODD + ENGLISH + CODE + SENTENCES + mixed + noise + repository_lines(rng)


END = "<|end|>"
TRAINING = (ENGLISH + CODE + SCRIPTS + SENTENCES) * 3
# The number of lines whose ids are all kept, so that a failing test shows the difference.
EXAMPLES = 40
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_level(cut) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(cut)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        TRAINING,
        trainers.BpeTrainer(vocab_size=800, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=[END]),
    )
    return tokenizer


def smollm() -> Tokenizer:
    return byte_level([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])


def llama3() -> Tokenizer:
    split = pre_tokenizers.Split(Regex(SPLIT), behavior="isolated", invert=False)
    tokenizer = byte_level([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{END} $A", special_tokens=[(END, tokenizer.token_to_id(END))]
    )
    return tokenizer


def unigram() -> Tokenizer:
    """A tokenizer like SentencePiece's Unigram: the likeliest pieces, and bytes for characters without a piece."""
    trained = Tokenizer(models.Unigram())
    trained.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trained.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="always")])
    # Many characters of the other lines have no piece.
    trained.train_from_iterator(
        ENGLISH + CODE + SCRIPTS,
        trainers.UnigramTrainer(vocab_size=500, special_tokens=["<unk>", "</s>", END], unk_token="<unk>"),
    )
    described = json.loads(trained.to_str())
    described["model"]["vocab"] += [[f"<0x{byte:02X}>", 0.0] for byte in range(256)]
    described["model"]["byte_fallback"] = True
    tokenizer = Tokenizer.from_str(json.dumps(described))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", tokenizer.token_to_id("</s>"))]
    )
    return tokenizer


def sentencepiece_bpe() -> Tokenizer:
    """A tokenizer like Llama 2's: merges over pieces with U+2581 for spaces, and bytes for characters without a piece."""
    trained = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    trained.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trained.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    specials = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    # A whole line is one word; rare single characters stay without a piece.
    trained.train_from_iterator(
        [line for line in ENGLISH + CODE], trainers.BpeTrainer(vocab_size=550, special_tokens=specials, limit_alphabet=70)
    )
    described = json.loads(trained.to_str())
    described["added_tokens"] = [token for token in described["added_tokens"] if token["id"] < 3]
    tokenizer = Tokenizer.from_str(json.dumps(described))
    tokenizer.add_special_tokens([AddedToken(END, normalized=False, special=True)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def word_piece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", END]
    tokenizer.train_from_iterator(TRAINING, trainers.WordPieceTrainer(vocab_size=500, special_tokens=specials))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    texts = lines()
    compact = {"ensure_ascii": False, "separators": (",", ":")}
    (FOLDER / "lines.json").write_text(json.dumps(texts, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    for make in (smollm, llama3, unigram, sentencepiece_bpe, word_piece):
        tokenizer = make()
        name = make.__name__.replace("_", "-")
        rows, hashes = [], []
        for text in texts:
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            decoded = tokenizer.decode(ids, skip_special_tokens=False)
            hashes.append(hashlib.sha256(f"{','.join(map(str, ids))}\n{decoded}".encode()).hexdigest()[:8])
            rows.append([ids] if decoded == text else [ids, decoded])
        around = tokenizer.encode("a").ids
        (FOLDER / f"{name}.tokenizer.json").write_text(
            json.dumps(json.loads(tokenizer.to_str()), **compact) + "\n", encoding="utf-8"
        )
        (FOLDER / f"{name}.json").write_text(json.dumps({"a": around, "rows": rows[:EXAMPLES], "hashes": "".join(hashes)}, **compact) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
