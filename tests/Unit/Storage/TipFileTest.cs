using GovChain.Core.Cryptography;
using GovChain.Storage;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Storage;

/// <summary>The durable tip survives a torn write, and damage never makes a tip that was not written.</summary>
public sealed class TipFileTest : StorageFixture
{
    private string TipPath => Path.Combine(Root, "tip");

    [Test]
    public void Open_NewFile_KnowsNoBlock()
    {
        TipFile.Create(TipPath, Chain).Dispose();
        using TipFile tip = TipFile.Open(TipPath, Chain, readOnly: false);
        Assert.That(tip.Current, Is.Null);
    }

    [Test]
    public void Write_Heights0To4_EachIsReadBack()
    {
        TipFile.Create(TipPath, Chain).Dispose();
        for (ulong height = 0; height <= 4; height++)
        {
            using (TipFile tip = TipFile.Open(TipPath, Chain, readOnly: false))
                tip.Write(TipAt(height));
            Assert.That(Read(), Is.EqualTo(TipAt(height)));
        }
    }

    [Test]
    public void Open_EveryByteOfTheNewestSlotFlipped_GivesTheTipBefore()
    {
        Write(0, 1, 2, 3);
        byte[] whole = File.ReadAllBytes(TipPath);
        for (int i = 0; i < 90; i++)
        {
            Flip(TipPath, 4096 + i);
            Assert.That(Read(), Is.EqualTo(TipAt(2)), $"byte {i}");
            File.WriteAllBytes(TipPath, whole);
        }
    }

    [Test]
    public void Open_BothSlotsDamaged_IsRefused()
    {
        Write(0, 1);
        Flip(TipPath, 60);
        Flip(TipPath, 4096 + 60);
        Refused(StorageError.Damaged, () => Read());
    }

    [Test]
    public void Open_FileCutToNothing_IsRefused()
    {
        Write(0, 1);
        File.WriteAllBytes(TipPath, []);
        Refused(StorageError.Damaged, () => Read());
    }

    [Test]
    public void Open_TipOfAnotherLedger_IsRefused()
    {
        Write(0);
        Refused(StorageError.ForeignChain, () => TipFile.Open(TipPath, OtherChain, readOnly: true));
    }

    private static DurableTip TipAt(ulong height) => new(height, Sha256.Hash([(byte)height]));

    private void Write(params ulong[] heights)
    {
        using TipFile tip = TipFile.Create(TipPath, Chain);
        foreach (ulong height in heights)
            tip.Write(TipAt(height));
    }

    private DurableTip? Read()
    {
        using TipFile tip = TipFile.Open(TipPath, Chain, readOnly: true);
        return tip.Current;
    }
}
