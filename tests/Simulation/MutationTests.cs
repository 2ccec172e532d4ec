using NUnit.Framework;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Goal: no message with one field changed breaks a promise, stops a node, or passes for what nobody signed. Method: every field of
/// every type of message, found by reflection, changed in every way that makes sense. Invariants: docs/PROTOCOL.md, "Messages".
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MutationTests
{
    [Test]
    public void Message_WithAnyFieldChanged_IsRefusedOrHarmless()
    {
        MutationReport report = MutationCheck.Run(inFull: false);
        TestContext.Out.WriteLine($"{report.Messages} messages, {report.Fields.Count} fields, {report.Mutations} changes, "
            + $"{report.Runs} runs; {string.Join(", ", report.Shapes)}; {string.Join(", ", report.Outcomes.Select(o => $"{o.Value} {o.Key}"))}");
        Assert.That(report.Failures, Is.Empty);
        Assert.That(report.Fields, Is.EqualTo(MutationCheck.DeclaredFields()), "fields that were forgotten, or are no more");
        Assert.That(report.Outcomes.Keys, Does.Not.Contain("codec: two encodings of one message"));
    }

    [Test]
    public void Exceptions_AreOfFieldsThatThereAre() => Assert.That(MutationCheck.IdleExceptions(), Is.Empty);
}
