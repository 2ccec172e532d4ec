using NUnit.Framework;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Goal: each failure that other systems had, as a scenario that an auditor can read, does not happen here. Method: the
/// transcripts in Transcripts, played over the production code with nothing left to chance.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TranscriptTests
{
    private static IEnumerable<string> Names() => Transcript.Names();

    [TestCaseSource(nameof(Names))]
    public void Transcript_DoesWhatItSays(string name) => ScriptedRun.Play(Transcript.Read(name));

    [TestCaseSource(nameof(Names))]
    public void Transcript_HoldsASectionOfTheProtocol(string name) =>
        Assert.That(Transcript.ProtocolSections(), Does.Contain(Transcript.Read(name).Protocol));

    [TestCase("submit t1 at all", "deliver", "expect height all = 2")]
    [TestCase("submit t1 at all", "deliver", "expect sent view-change by 1")]
    [TestCase("submit t1 at all", "deliver", "let A = proposal of 0", "expect decided B at all")]
    [TestCase("lose commit", "expect height all = 0")]
    [TestCase("expect height all = 0", "conjure 3")]
    public void Transcript_ThatSaysWhatIsNotSo_Fails(params string[] lines)
    {
        Transcript transcript = Transcript.Parse("wrong", ["title: t", "source: s", "protocol: p", .. lines]);
        Assert.Throws<TranscriptException>(() => ScriptedRun.Play(transcript));
    }
}
