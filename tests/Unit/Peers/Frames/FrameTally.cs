using Google.Protobuf;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Peers.Frames;

/// <summary>What changing every field of frames gave.</summary>
internal sealed class FrameTally
{
    /// <summary>The parts of frames by the test that changes them; together all that there are.</summary>
    public static readonly string[]
        Hello = ["hello"],
        Door = [FrameChanges.Kind, "consensus", "gossip", "envelope_request", "block_request", "snapshot_request"],
        Envelopes = ["envelope_response"],
        Blocks = ["block_response"],
        Snapshots = ["snapshot_response"];

    private readonly SortedSet<string> _fields = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _outcomes = new(StringComparer.Ordinal);
    private readonly List<string> _failures = [];

    /// <summary>Every change; else one of each field, and of the rest every so-many-th.</summary>
    public static bool InFull => Environment.GetEnvironmentVariable("FULL") is not null;

    /// <summary>The places of the changes that are tried.</summary>
    /// <param name="frame">What is changed.</param>
    /// <param name="changes">All of them.</param>
    /// <param name="step">How many of the rest stand for one.</param>
    /// <param name="chosen">Fields of which one was chosen before, where several frames share a test.</param>
    /// <param name="isForFull">Fields that only the run in full tries.</param>
    public static IEnumerable<int> Choose(
        PeerFrame frame, IReadOnlyList<FrameChange> changes, int step, HashSet<string>? chosen = null, Func<string, bool>? isForFull = null)
    {
        chosen ??= [];
        byte[] whole = frame.ToByteArray();
        for (int i = 0; i < changes.Count; i++)
        {
            string field = changes[i].Field;
            if (!changes[i].Bytes.AsSpan().SequenceEqual(whole)
                && (InFull || (isForFull?.Invoke(field) != true && (chosen.Add(field) || i % step == 0))))
                yield return i;
        }
    }

    /// <summary>A change was tried.</summary>
    public void Add(FrameChange change, string outcome)
    {
        _fields.Add(change.Field);
        _outcomes[outcome] = _outcomes.GetValueOrDefault(outcome) + 1;
    }

    /// <summary>A change did what it should not.</summary>
    public void Fail(FrameChange change, string what) => _failures.Add($"{change}: {what}");

    /// <summary>Prints the counts; nothing failed, and every field below these parts of a frame was changed.</summary>
    public void Expect(string[] parts)
    {
        TestContext.Out.WriteLine($"{_fields.Count} fields, {_outcomes.Values.Sum()} changed frames; "
            + string.Join(", ", _outcomes.Select(static o => $"{o.Value} {o.Key}")));
        Assert.That(_failures, Is.Empty);
        Assert.That(_fields, Is.SupersetOf(FrameChanges.Declared().Where(f => parts.Any(p => f == p || f.StartsWith($"{p}.", StringComparison.Ordinal)))),
            "fields that were forgotten");
    }
}
