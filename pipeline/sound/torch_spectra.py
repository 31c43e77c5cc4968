"""Log-mel and MFCC of a wave by torchaudio's transforms: the reference implementation, and the one for a GPU."""

from functools import cache
from typing import Any

import torch

from pipeline.core import torchaudio_cpu
from pipeline.sound.spectra import F32, FLOOR, Shape, Spectra, chroma_filters, cosines


def spectra(wave: F32, s: Shape, frames: int, device: str) -> Spectra:
    """What pipeline.sound.spectra.spectra computes, on `device`."""
    power_of, mel_of = _transforms(s, device)
    with torch.inference_mode():
        power = power_of(torch.from_numpy(wave).to(device))[:, :frames]
        logmel = 10 * torch.log10(mel_of(power).clamp(min=FLOOR)).T
        logmel = logmel.clamp(min=logmel.max() - s.floor)
        mfcc = logmel @ torch.from_numpy(cosines(s.mels, s.mfcc)).to(device)
        chroma = power.T @ torch.from_numpy(chroma_filters(s.rate, s.fft).T.copy()).to(device)
    return Spectra(*(x.contiguous().cpu().numpy() for x in (logmel, mfcc, chroma)))


@cache
def _transforms(s: Shape, device: str) -> tuple[Any, Any]:
    """Spectrogram and MelScale as librosa has them: torchaudio's own defaults correlate with it by only 0.55."""
    transforms = torchaudio_cpu.transforms()
    power_of = transforms.Spectrogram(s.fft, hop_length=s.hop, power=2, center=True, pad_mode="constant")
    mel_of = transforms.MelScale(s.mels, s.rate, n_stft=s.fft // 2 + 1, norm="slaney", mel_scale="slaney")
    return power_of.to(device), mel_of.to(device)
