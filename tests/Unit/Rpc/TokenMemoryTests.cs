using GovChain.Core.Cryptography;
using GovChain.Rpc;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Rpc;

/// <summary>Goal: no token is used twice while it counts, and what is remembered stays bounded.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class TokenMemoryTests
{
    [Test]
    public void Token_UsedAgain_IsRefusedAsLongAsItCounts()
    {
        var memory = new TokenMemory();
        Assert.That(memory.Use(Id(1), "a", 100, 50), Is.EqualTo(TokenUse.First));
        Assert.That(memory.Use(Id(1), "a", 100, 50), Is.EqualTo(TokenUse.Again));
        Assert.That(memory.Use(Id(1), "a", 100, 99), Is.EqualTo(TokenUse.Again));
        Assert.That(memory.Use(Id(2), "a", 101, 99), Is.EqualTo(TokenUse.First));
    }

    [Test]
    public void Clock_ThatGoesBack_BringsNoForgottenTokenBack()
    {
        var memory = new TokenMemory();
        memory.Use(Id(1), "a", 100, 50);
        memory.Use(Id(2), "a", 200, 150); // the first is forgotten here
        Assert.That(memory.Use(Id(1), "a", 100, 60), Is.EqualTo(TokenUse.Forgotten));
        Assert.That(memory.Use(Id(3), "a", 151, 60), Is.EqualTo(TokenUse.First));
    }

    [Test]
    public void Room_OfOneKeyIsAnEighth_AndComesBackWhenTokensEnd()
    {
        var memory = new TokenMemory(80);
        for (int i = 0; i < 10; i++)
            Assert.That(memory.Use(Id(i), "a", 100, 0), Is.EqualTo(TokenUse.First));
        Assert.That(memory.Use(Id(10), "a", 100, 0), Is.EqualTo(TokenUse.NoRoom));
        for (int i = 0; i < 70; i++)
            Assert.That(memory.Use(Id(100 + i), $"b{i}", 200, 0), Is.EqualTo(TokenUse.First));
        Assert.That(memory.Use(Id(200), "c", 100, 0), Is.EqualTo(TokenUse.NoRoom));
        Assert.That(memory.Use(Id(200), "a", 150, 100), Is.EqualTo(TokenUse.First), "the first ten are over");
    }

    private static Digest Id(int i) => Sha256.Hash(BitConverter.GetBytes(i));
}
