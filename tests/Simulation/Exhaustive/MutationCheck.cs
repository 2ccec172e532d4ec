using System.Collections.Concurrent;
using GovChain.Consensus;

namespace GovChain.Tests.Simulation;

/// <summary>What changing every field of messages gave.</summary>
internal sealed class MutationReport
{
    /// <summary>Messages whose fields were changed.</summary>
    public int Messages { get; set; }

    /// <summary>Types of these, with which of their parts are there.</summary>
    public SortedSet<string> Shapes { get; } = new(StringComparer.Ordinal);

    /// <summary>Changed messages, by the hands they died in; those that were accepted went through a whole run each way.</summary>
    public SortedDictionary<string, int> Outcomes { get; } = new(StringComparer.Ordinal);

    /// <summary>Whole runs with a changed message.</summary>
    public int Runs { get; set; }

    /// <summary>The fields that were changed at least once.</summary>
    public SortedSet<string> Fields { get; } = new(StringComparer.Ordinal);

    /// <summary>What should not be: accepted though nobody signed it, or a promise that was broken.</summary>
    public List<string> Failures { get; } = [];

    public int Mutations => Outcomes.Values.Sum();

    public void Add(string outcome) => Outcomes[outcome] = Outcomes.GetValueOrDefault(outcome) + 1;
}

/// <summary>
/// Every field of every message, changed one at a time: as it came, and with the sender's own signatures made anew. What
/// neither the codec nor <see cref="MessageVerifier"/> refuses goes into a run of four validators, in the place of the message or
/// before it, and must be harmless there: no promise is broken, no core throws or stops, all is decided.
/// </summary>
internal static class MutationCheck
{
    /// <summary>
    /// What anybody may change without a signature's becoming wrong, and why that is harmless: a field, ".*" for all that is below
    /// one, or one change of it.
    /// </summary>
    private static readonly Dictionary<string, string> Unproven = new()
    {
        ["ProposeMessage.Block.LeafHashes"] = "not signed; taken from the leader alone, and execution must give the log root",
        ["ProposeMessage.Justification.Prepared: another in its place"] = "what another quorum prepared in the same view is the same",
        ["ViewChangeMessage.Prepared: another in its place"] = "what another quorum prepared in the same view is the same",
        ["ProposalResponse.Block.*"] = "taken only under the hash that was asked for; execution must give its roots",
        ["ProposalRequest.AtHeight"] = "a question: answered for the height in progress or not at all",
        ["ProposalRequest.BlockHash"] = "a question: answered once a tick for a block that is held",
        ["StatusMessage.View"] = "a hint: at most the newest own messages are sent again, once a tick",
        ["StatusMessage.Abstention.*"] = "shown to operators; nobody counts on it",
        ["StatusMessage.EvidenceSum"] = "a hint: at most one piece of evidence is sent, once a tick",
        ["StatusMessage.Tip"] = "left out, the sender says less than it knows; another is proven by its certificate",
        ["RecallRequest.Token"] = "the asker's own; an answer to another start does not count",
        ["RecallRequest.Above"] = "a question: what is found above is sent to the asker, once a tick",
        ["RecallResponse.Token"] = "an answer to another start does not count",
        ["RecallResponse.Newest"] = "left out, the sender withholds; another is proven by the asker's own signature",
        ["RecallResponse.Tip"] = "left out, the sender says less than it knows; another is proven by its certificate",
    };

    private static readonly Resigner[] Resigners = [.. Enumerable.Range(0, MutationRun.Validators).Select(MutationRun.Resigner)];
    private static readonly MessageVerifier[] Verifiers =
        [.. Enumerable.Range(0, MutationRun.Validators).Select(MutationRun.Verifier)];

    /// <summary>All fields of all messages that there are.</summary>
    public static IReadOnlyCollection<string> DeclaredFields() => new SortedSet<string>(
        MessageTypes().SelectMany(FieldMutations.FieldsOf), StringComparer.Ordinal);

    /// <summary>Exceptions for fields that there are not.</summary>
    public static IEnumerable<string> IdleExceptions() =>
        Unproven.Keys.Where(known => !DeclaredFields().Any(field => Covers(known.Split(':')[0], field)));

    /// <param name="inFull">
    /// Every message of the run, and what is accepted both in its place and before it; else the first message of each shape, and
    /// in its place only.
    /// </param>
    /// <param name="progress">Told of runs that are over, and of how many there are, on any thread.</param>
    public static MutationReport Run(bool inFull, Action<int, int>? progress = null)
    {
        IReadOnlyList<SentMessage> sent = MutationRun.Record();
        SentMessage[] chosen = inFull ? [.. sent] : [.. sent.DistinctBy(m => ShapeOf(m.Message))];
        var report = new MutationReport { Messages = chosen.Length };
        report.Shapes.UnionWith(chosen.Select(m => ShapeOf(m.Message)));
        var accepted = new List<(SentMessage Message, FieldMutation Mutation)>();
        foreach (SentMessage message in chosen)
        {
            var mutations = new FieldMutations([.. message.Earlier.Reverse().DistinctBy(ShapeOf)]);
            foreach (FieldMutation mutation in mutations.Of(message.Message))
            {
                report.Fields.Add(mutation.Field);
                foreach (FieldMutation each in Variants(message, mutation))
                {
                    string outcome = Judge(message, each, out bool isProven);
                    report.Add(outcome);
                    if (outcome != "accepted")
                        continue;
                    accepted.Add((message, each));
                    if (ReferenceEquals(each, mutation) && isProven && !IsUnproven(each))
                        report.Failures.Add($"{each.Field}: {each.What}: accepted, and nobody signed that");
                }
            }
        }
        (SentMessage, FieldMutation, bool)[] runs = [.. accepted.Select(a => (a.Message, a.Mutation, false))
            .Concat(inFull ? accepted.Select(a => (a.Message, a.Mutation, true)) : [])];
        report.Runs = runs.Length;
        report.Failures.AddRange(RunAll(runs, progress));
        return report;
    }

    private static IEnumerable<Type> MessageTypes() => typeof(ConsensusMessage).Assembly.GetTypes()
        .Where(t => t.IsSubclassOf(typeof(ConsensusMessage)) && !t.IsAbstract);

    /// <summary>A message's type, and which of its parts are there.</summary>
    private static string ShapeOf(ConsensusMessage message) => message switch
    {
        ProposeMessage { Justification.Prepared: { } } => "propose a prepared block again",
        ProposeMessage { Justification: { } } => "propose in a later view",
        ViewChangeMessage { Prepared: { } } => "view-change of a prepared block",
        StatusMessage { Tip: null } => "status at genesis",
        RecallResponse { Newest: { }, Tip: { } } => "recalled vote and tip",
        RecallResponse { Newest: { } } => "recalled vote",
        RecallResponse { Tip: { } } => "recalled tip",
        VoteMessage vote => vote.Type.ToString(),
        _ => message.GetType().Name,
    };

    private static IEnumerable<FieldMutation> Variants(SentMessage message, FieldMutation mutation)
    {
        yield return mutation;
        if (ConsensusMessageCodec.TryDecode(mutation.Bytes, out ConsensusMessage? decoded) != DecodeFailure.None)
            yield break;
        byte[] signed = ConsensusMessageCodec.Encode(Resigners[message.Sender].Sign(decoded!));
        if (!signed.AsSpan().SequenceEqual(mutation.Bytes))
            yield return mutation with { What = $"{mutation.What}, signed anew", Bytes = signed };
    }

    /// <summary>What a receiver on the ledger just below the message's height does with it before its core sees it.</summary>
    /// <param name="isProven">Its signatures were looked at: those of heights long decided are not.</param>
    private static string Judge(SentMessage message, FieldMutation mutation, out bool isProven)
    {
        isProven = false;
        DecodeFailure failure = ConsensusMessageCodec.TryDecode(mutation.Bytes, out ConsensusMessage? decoded);
        if (failure != DecodeFailure.None)
            return $"codec: {failure}";
        if (!ConsensusMessageCodec.Encode(decoded!).AsSpan().SequenceEqual(mutation.Bytes))
            return "codec: two encodings of one message";
        ulong tip = SignedHeight(message.Message) is var height and > 0 ? height - 1 : 0;
        isProven = SignedHeight(decoded!) > tip;
        MessageFailure refusal = Verifiers[(message.Sender + 1) % Verifiers.Length].Verify(
            message.Sender, decoded!, tip, out _);
        return refusal == MessageFailure.None ? "accepted" : $"verifier: {refusal}";
    }

    private static ulong SignedHeight(ConsensusMessage message) => message switch
    {
        StatusMessage { Tip: { } tip } => tip.Height,
        RecallResponse { Tip: { } tip } => tip.Height,
        EvidenceMessage or RecallResponse => ulong.MaxValue,
        _ => message.Height,
    };

    private static bool IsUnproven(FieldMutation mutation) =>
        Unproven.Keys.Any(known => Covers(known, mutation.Field) || known == $"{mutation.Field}: {mutation.What}");

    private static bool Covers(string known, string field) => known.EndsWith(".*", StringComparison.Ordinal)
        ? field.StartsWith(known[..^1], StringComparison.Ordinal)
        : field == known;

    private static IEnumerable<string> RunAll(
        (SentMessage Message, FieldMutation Mutation, bool Also)[] runs, Action<int, int>? progress)
    {
        var failures = new ConcurrentBag<(int, string)>();
        int done = 0;
        Parallel.For(0, runs.Length, i =>
        {
            (SentMessage message, FieldMutation mutation, bool also) = runs[i];
            try
            {
                MutationRun.Send(message, mutation.Bytes, also);
            }
            catch (Exception e)
            {
                failures.Add((i, $"{mutation.Field}: {mutation.What}, {(also ? "before" : "in the place of")} message "
                    + $"{message.Place} of {message.Sender}: {(e is InvariantException ? e.Message : e)}"));
            }
            progress?.Invoke(Interlocked.Increment(ref done), runs.Length);
        });
        return failures.Order().Select(f => f.Item2);
    }
}
