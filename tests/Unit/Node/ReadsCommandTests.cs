using GovChain.Core.Verification;
using GovChain.Node.Commands;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Node;

/// <summary>Goal: a line of <c>govchain reads</c> says of whom the refusals are that it stands for.</summary>
internal sealed class ReadsCommandTests
{
    private static readonly ReadEntry Entry = new() { TimeMs = 0, Listener = "clients", Method = "GetRecord", Type = "t", Record = "x", Answer = "TOKEN_REQUIRED" };

    [Test]
    public void Line_WithRefusalsThatAreNotListed_SaysOfWhom()
    {
        ReadEntry named = Entry with { Department = "alpha", OfficerId = "4711", Key = "02ab", Answer = "TOKEN_REPLAYED" };
        Assert.That(ReadsCommand.ToText(Entry), Does.EndWith("\tnobody known\tGetRecord\tt/x\tTOKEN_REQUIRED"));
        Assert.That(ReadsCommand.ToText(Entry with { Unwritten = 30 }), Does.EndWith("\tTOKEN_REQUIRED, after 30 more refusals of nobody known, which are not listed"));
        Assert.That(ReadsCommand.ToText(named with { Unwritten = 7 }), Does.EndWith("\talpha/4711\tGetRecord\tt/x\tTOKEN_REPLAYED, after 7 more refusals of this key, which are not listed"));
    }
}
