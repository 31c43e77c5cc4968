"""The model card of the sample's encoder: what it is, what it saw, and what it is not for."""

from typing import Final

TEXT: Final = """\
# A small bilingual BERT for the sample's lyrics

{weights:.2f} million weights, {megabytes:.1f} MB with its tokenizer. It turns the lyrics of Surbani's sample (English,
Bangla, Bangla in Latin letters, and mixtures) into vectors in which theme weighs more than script, so that the pipeline
can be tried and tested offline. It is loaded by the same code as a real encoder:

    AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)

## What it is not
- **Not for real songs.** It knows the words of one small grammar ({vocabulary:,} tokens), and nothing about the world.
  Any other word comes to it letter by letter. For real lyrics set `lyrics.bert.model` to
  google-bert/bert-base-multilingual-cased or any multilingual sentence encoder.
- **Not a result about multilingual models.** It was made so that the languages of this sample share a space: most lines
  that it saw mix them, far more than people do. How well it finds the planted themes says that the pipeline works, not
  how well BERT would do on songs.
- **No sentence embedding by `pooler_output`**: the pooler was never trained and is all zeros. Take the mean of the last
  hidden states over the real tokens.

## What it saw
{documents:,} documents of {shortest} to {longest} lines ({words:,} words) from the grammar of the sample's lyrics
(`pipeline/sample/frames/`), made by `pipeline/sample/encoder_text.py` with random numbers of their own. In a document
{main:.0%} of the lines are about one theme, {second:.0%} about a second one, the rest about none. {woven:.0%} of the
lines turn from English to Bangla and back every few words, half of the Bangla in Latin letters; the others are in one
language, or mixed as the grammar has it. The grammar is shared with the songs of the sample, so single lines come back;
the songs themselves are not among the documents. **No theme, no language and no other label was given to it**, no
recording and no published text.

## How it was trained
Masked-language modelling alone: {chosen:.0%} of the tokens have to be told (of these {kept:.0%} are shown as they are,
{swapped:.0%} as another word, the rest as `[MASK]`); {steps:,} steps of {batch} documents, AdamW, highest rate
{rate:g}, seed {seed}, one CPU thread, 32 bits; stored in 16 bits. Loss at the end: {loss:.2f} nats a masked token.

BERT of {depth} layers, {width} wide, {heads} heads, {positions} positions. WordPiece in lower case, accents kept
(Bangla's vowel signs would go with them). Text should come in Unicode NFC, as the pipeline's clean-up leaves it.

## To make it again
    python -m pipeline.sample.encoder --out models/sample-bert --seed {seed}

The same seed gives the same bytes on the same machine with the same library versions.

Licence: CC0-1.0, like the sample.
"""
