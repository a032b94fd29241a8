"""CER of the recogniser on printed Vietnamese prose: book pages in serif type, as scanned.

    python tests/benchmarks/books.py [--model FILE] [--tesseract] [--pages 24]

Pages are set in held-out serif families of `cvocr_lab.synth.fonts` at 9 to 13 points and scanned
at 200 to 300 dpi: a slight turn, soft focus, uneven paper, show-through, noise, JPEG.  Lines are
cut by known boxes made as loose as a detector's.  Then the whole pages are read, by
``kind="scan"`` and by Tesseract's own page reading, and the share of the printed words that either
found is given with its interval over pages.  The text is real Vietnamese (verses of Nguyễn
Du, 1820, and sentences of our own), none of which is in the training text.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from paper_lines import loosen
from PIL.ImageFont import FreeTypeFont

from cvocr_lab import images
from cvocr_lab.engines import Request
from cvocr_lab.engines.local import LocalEngine
from cvocr_lab.engines.local.line_reader import open_reader
from cvocr_lab.engines.local.recogniser import crop_line
from cvocr_lab.results import as_quad
from cvocr_lab.synth import fonts
from cvocr_lab.text import nfc
from cvocr_lab.training import TEST_SEED, evaluate
from cvocr_lab.training.stream import Shard

SERIFS = ("Vollkorn", "Charis SIL", "FreeSerif", "TeX Gyre Schola")
VERSES = """
Trăm năm trong cõi người ta, Chữ tài chữ mệnh khéo là ghét nhau.
Trải qua một cuộc bể dâu, Những điều trông thấy mà đau đớn lòng.
Lạ gì bỉ sắc tư phong, Trời xanh quen thói má hồng đánh ghen.
Cảo thơm lần giở trước đèn, Phong tình có lục còn truyền sử xanh.
Rằng: Năm Gia Tĩnh triều Minh, Bốn phương phẳng lặng, hai kinh vững vàng.
Có nhà viên ngoại họ Vương, Gia tư nghĩ cũng thường thường bậc trung.
Một trai con thứ rốt lòng, Vương Quan là chữ, nối dòng nho gia.
Đầu lòng hai ả tố nga, Thúy Kiều là chị, em là Thúy Vân.
Mai cốt cách, tuyết tinh thần, Mỗi người một vẻ, mười phân vẹn mười.
Vân xem trang trọng khác vời, Khuôn trăng đầy đặn, nét ngài nở nang.
Hoa cười ngọc thốt đoan trang, Mây thua nước tóc, tuyết nhường màu da.
Kiều càng sắc sảo, mặn mà, So bề tài, sắc, lại là phần hơn.
Làn thu thủy, nét xuân sơn, Hoa ghen thua thắm, liễu hờn kém xanh.
Một hai nghiêng nước nghiêng thành, Sắc đành đòi một, tài đành họa hai.
Ngày xuân con én đưa thoi, Thiều quang chín chục đã ngoài sáu mươi.
Cỏ non xanh tận chân trời, Cành lê trắng điểm một vài bông hoa.
"""
PROSE = """
Buổi sáng hôm ấy, sương còn phủ kín mặt sông, những chiếc thuyền nan nằm im như đang ngủ. Ông lão
ngồi trước hiên nhà, tay cầm chén trà nguội, mắt nhìn về phía bên kia bờ, nơi có ngọn khói bếp vừa
bay lên. “Cháu về rồi đấy à?” – ông hỏi, giọng khàn đi vì gió lạnh. Không ai trả lời, chỉ có tiếng
lá khô xào xạc ngoài vườn. Năm 1954, gia đình ông chuyển từ làng Đông Ngạc lên phố huyện, mang
theo một tủ sách cũ, hai chiếc rương gỗ và con chó vàng. Người ta kể rằng trong tủ sách ấy có
những cuốn viết bằng chữ Nôm, giấy đã ngả màu, mép bị mọt ăn lỗ chỗ; song chẳng mấy người còn đọc
được. Bà thường bảo: “Chữ nghĩa không nuôi được thân, nhưng giữ được nếp nhà.” Tôi nhớ mãi câu nói
đó. Đến mùa nước nổi, cả xóm phải kê giường lên cao, lũ trẻ chèo thuyền đi học, vừa chèo vừa hát.
Khoảng 30% số hộ ở đây sống bằng nghề dệt chiếu, còn lại trồng lúa, nuôi vịt, bắt cá. Giá một đôi
chiếu hoa lúc bấy giờ là 25 đồng – bằng nửa tháng lương của thầy giáo. Thế mà vẫn có người mua, vì
chiếu bền, đẹp, và mát. Chiều xuống, khách buôn từ Nam Định, Thái Bình, Hưng Yên kéo về đông như
hội; tiếng mặc cả, tiếng cười nói ồn ã suốt từ đầu chợ đến cuối chợ. Trẻ con được dịp chạy nhảy,
ăn quà bánh: bánh đúc, bánh rán, kẹo bột, chè đỗ đen. Có hôm trời nóng đến 39°, đường làng vắng
tanh, chỉ nghe ve kêu ra rả trên những ngọn phượng vĩ đỏ rực. Anh Thuận – con trai cả của ông – đi
bộ đội từ năm mười chín tuổi, gửi về đúng bảy lá thư. Lá thư cuối cùng viết vội bằng bút chì, nét
chữ nghiêng nghiêng: “Mẹ đừng lo, đơn vị con đóng quân gần một con suối, nước trong lắm. Khi nào
yên, con sẽ về lợp lại mái bếp.” Bức thư ấy bây giờ vẫn nằm trong ngăn kéo, gấp làm tư, cạnh chiếc
kính lão đã gãy một bên gọng. Mỗi lần giở ra, bà lại lặng lẽ vuốt cho phẳng từng nếp gấp rồi cất
đi như cũ. Người già sống bằng ký ức, còn người trẻ thì sống bằng hy vọng; giữa hai thứ ấy là
những ngày rất dài. Về sau, khi đường nhựa làm xong, xe cộ qua lại suốt ngày đêm, quán nước của bà
Tư mọc lên ngay gốc đa, bán đủ thứ: thuốc lá, kẹo lạc, nước vối, đèn pin, áo mưa. Nhiều khách lạ
ghé vào, hỏi chuyện xưa tích cũ, bà chỉ cười.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--tesseract", action="store_true", help="read the same crops with it too")
    parser.add_argument("--pages", type=int, default=24)
    parser.add_argument("--save", type=Path, metavar="DIR", help="write the first pages there")
    args = parser.parse_args()
    shard = Shard([], [], [])
    pages: list[tuple[NDArray[np.uint8], list[str]]] = []
    for number in range(args.pages):
        dpi = (200, 250, 300)[number % 3]
        page, lines = scanned(random.Random(TEST_SEED + number), SERIFS[number % 4], dpi)
        if args.save and number < 3:
            cv2.imwrite(str(args.save / f"page-{number}.png"), page)
        pages.append((page, [word for text, _ in lines for word in text.split()]))
        for text, crop in lines:
            shard.texts.append(text)
            shard.pictures.append(crop)
            shard.sorts.append(f"{dpi} dpi")
    for reader in ("own", "tesseract") if args.tesseract else ("own",):
        report(reader, shard, args.model if reader == "own" else None)
        found_words(reader, pages)


def found_words(reader: str, pages: Sequence[tuple[NDArray[np.uint8], list[str]]]) -> None:
    """Print which share of the words of whole pages a reader found."""
    engine = LocalEngine(threads=1)
    shares: list[float] = []
    found = total = 0
    begun = time.process_time()
    for page, words in pages:
        if reader == "own":
            picture = images.load(cv2.cvtColor(page, cv2.COLOR_GRAY2RGB))
            lines = engine.extract(Request((picture,), "scan")).lines
            text = " ".join(line.text for line in lines)
        else:
            png = cv2.imencode(".png", page)[1].tobytes()
            command = ["tesseract", "stdin", "stdout", "-l", "vie", "--psm", "3"]
            environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
            text = subprocess.run(
                command, input=png, stdout=subprocess.PIPE, check=True, env=environment
            ).stdout.decode()
        right = sum((Counter(nfc(text).split()) & Counter(words)).values())
        shares.append(right / len(words))
        found, total = found + right, total + len(words)
    spent = f", {time.process_time() - begun:.1f} s" if reader == "own" else ""
    rng = np.random.default_rng(0)
    means = [np.mean(rng.choice(shares, len(shares))) for _ in range(1000)]
    low, high = np.percentile(means, (2.5, 97.5))
    sys.stdout.write(
        f"{reader}, whole pages: {100 * found / total:.2f} % of {total} words found "
        f"({100 * low:.1f} to {100 * high:.1f}) on {len(pages)} pages{spent}\n"
    )


def report(reader: str, shard: Shard, model: Path | None) -> None:
    opened = open_reader(reader, model=model)
    kept: list[str] = []

    def read(pictures: Sequence[NDArray[np.uint8]]) -> list[str]:
        kept.extend(nfc(line.text) for line in opened.read(pictures))
        return kept

    begun = time.process_time()
    figures = evaluate(read, shard)
    spent = 1000 * (time.process_time() - begun) / len(shard.texts)
    rows = [f"\n{reader}, book lines: {spent:.2f} ms per line"]
    rows += ["| | CER % | exact % | lines |", "|---|---|---|---|"]
    rows += [
        f"| {sort} | {100 * f.cer:.2f} | {100 * f.exact:.1f} | {f.lines} |"
        for sort, f in figures.items()
    ]
    wrong = [(t, g) for t, g in zip(shard.texts, kept, strict=True) if t != g]
    rows += [f"  {truth}\n  {got}" for truth, got in wrong[:6]]
    sys.stdout.write("\n".join(rows) + "\n")


def scanned(
    rng: random.Random, family: str, dpi: int
) -> tuple[NDArray[np.uint8], list[tuple[str, NDArray[np.uint8]]]]:
    """One page as a scanner gives it, and its lines: text and crop."""
    em = round(rng.uniform(9, 13) * dpi / 72)
    cut = rng.choices(("Regular|Roman|regular|FreeSerif$", "Italic|italic"), (4, 1))[0]
    files = [f.path for f in fonts.faces() if f.family.startswith(family) and f.vietnamese]
    fit = [f for f in files if any(word in f.stem for word in cut.split("|"))] or files
    font = fonts.load(rng.choice(fit), em)
    width, margin = round(rng.uniform(4.0, 6.2) * dpi), round(0.5 * dpi)
    texts = wrapped(rng, font, width)
    pitch = round(em * rng.uniform(1.3, 1.6))
    page = np.full((2 * margin + pitch * len(texts), width + 2 * margin), 255, np.uint8)
    placed = typeset(page, texts, font, margin, pitch)
    turn = cv2.getRotationMatrix2D((page.shape[1] / 2, page.shape[0] / 2), rng.gauss(0, 0.35), 1)
    page = age(cv2.warpAffine(page, turn, page.shape[::-1], borderValue=255), rng)
    lines = []
    for text, (left, top, right, bottom) in placed:
        corners = np.asarray([(left, top), (right, top), (right, bottom), (left, bottom)])
        quad = loosen(as_quad(corners @ turn[:, :2].T + turn[:, 2]), rng)
        lines.append((text, crop_line(page, quad)))
    return page, lines


def wrapped(rng: random.Random, font: FreeTypeFont, width: int) -> list[str]:
    prose = nfc(" ".join(PROSE.split())).split()
    start = rng.randrange(len(prose))
    words = prose[start:] + prose[:start]
    texts = rng.sample(nfc(VERSES).strip().splitlines(), 4)
    line: list[str] = []
    for word in words[:170]:
        if line and font.getlength(" ".join([*line, word])) > width:
            texts.append(" ".join(line))
            line = []
        line.append(word)
    return [t for t in texts if font.getlength(t) <= width * 1.05]


def typeset(
    page: NDArray[np.uint8], texts: list[str], font: FreeTypeFont, margin: int, pitch: int
) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Print the lines; changes `page`; gives each line's box of ink."""
    from PIL import Image, ImageDraw

    sheet = Image.fromarray(page)
    pen = ImageDraw.Draw(sheet)
    placed = []
    for row, text in enumerate(texts):
        at = (margin, margin + pitch * row + pitch * 0.7)
        pen.text(at, text, 0, font, anchor="ls")
        placed.append((text, pen.textbbox(at, text, font, anchor="ls")))
    page[:] = np.asarray(sheet)
    return placed


def age(page: NDArray[np.uint8], rng: random.Random) -> NDArray[np.uint8]:
    """Ink on paper through a scanner: tone, show-through, soft focus, noise, JPEG."""
    pixels = np.random.default_rng(rng.getrandbits(32))
    ink = cv2.GaussianBlur(1 - page.astype(np.float32) / 255, (0, 0), rng.uniform(0.5, 1.1))
    paper, dark = rng.uniform(205, 250), rng.uniform(15, 70)
    behind = cv2.GaussianBlur(ink[:, ::-1], (0, 0), 2.5) * rng.choice((0, 0, rng.uniform(4, 14)))
    patches = pixels.normal(0, 1, (page.shape[0] // 60 + 2, page.shape[1] // 60 + 2))
    tone = cv2.resize(patches.astype(np.float32), page.shape[::-1], interpolation=cv2.INTER_CUBIC)
    shot = paper + 2 * tone - behind + (dark - paper) * np.clip(1.15 * ink, 0, 1)
    shot += pixels.normal(0, rng.uniform(1, 6), page.shape)
    coded = cv2.imencode(
        ".jpg",
        np.clip(shot, 0, 255).astype(np.uint8),
        [cv2.IMWRITE_JPEG_QUALITY, rng.randint(60, 95)],
    )[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)


if __name__ == "__main__":
    main()
