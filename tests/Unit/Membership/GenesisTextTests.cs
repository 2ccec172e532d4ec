using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Commands;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Membership;

/// <summary>
/// Goal: whoever signs a genesis sees all that it binds its department to, the assembler's choices above all.
/// Method: every parameter, changed alone, and the version.
/// </summary>
public sealed class GenesisTextTests
{
    [Test]
    public void Rules_AsThisReleaseProposesThem_NothingStandsOut()
    {
        string[] lines = [.. GenesisText.Rules(Body())];
        Assert.That(lines, Has.Length.EqualTo(1 + Parameters.Descriptor.Fields.InFieldNumberOrder().Count));
        Assert.That(lines, Has.None.Contain("NOT"));
        Assert.That(lines, Has.Some.EqualTo("parameter expiry_horizon_ms = 3600000"));
    }

    [Test]
    public void Rules_AnyParameterChanged_SaysSoOfThatOne()
    {
        foreach (var field in Parameters.Descriptor.Fields.InFieldNumberOrder())
        {
            GenesisBody body = Body();
            object usual = field.Accessor.GetValue(body.Parameters);
            field.Accessor.SetValue(body.Parameters, usual is uint number ? number + 1 : (object)((ulong)usual + 1));
            Assert.That(GenesisText.Rules(body).Where(static l => l.Contains("NOT")), Is.EqualTo(new[] { $"parameter {field.Name} = {field.Accessor.GetValue(body.Parameters)}: NOT the default, which is {usual}" }));
        }
    }

    [Test]
    public void Rules_AnOlderVersion_SaysSo()
    {
        GenesisBody body = Body();
        body.ProtocolVersion = ProtocolVersions.First;
        Assert.That(GenesisText.Rules(body).First(), Is.EqualTo($"protocol version 1: NOT the newest of this release, which is {ProtocolVersions.Newest}"));
    }

    private static GenesisBody Body() => new() { ProtocolVersion = ProtocolVersions.Newest, Parameters = LedgerParameters.CreateDefault() };
}
