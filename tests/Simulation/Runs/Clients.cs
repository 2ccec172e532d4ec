using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// Those who submit: a new record type, the next version of a shared one, a rival for the same version, a repetition, or
/// what can never commit. Each is given to any node, and told again until it has a receipt.
/// </summary>
internal sealed class Clients(Stage stage)
{
    private const ulong AskAgainUs = 1_000_000;
    private const int SharedTypes = 3;

    private readonly List<SimTransaction> _submitted = [];
    private readonly ulong[] _versions = new ulong[SharedTypes];
    private string _shared = "shared";
    private int _nights;
    private int _served;
    private bool _stopped;

    /// <summary>Whether all that must commit has a receipt.</summary>
    public bool AreAllServed
    {
        get
        {
            while (_served < _submitted.Count && IsServed(_submitted[_served]))
                _served++;
            return _served == _submitted.Count;
        }
    }

    public void Start()
    {
        stage.After(1_000, Submit);
        stage.After(AskAgainUs, AskAgain);
    }

    /// <summary>No new transactions; those under way are told to all.</summary>
    public void Stop() => _stopped = true;

    /// <summary>What has not been recorded by now expires, and with it what was to follow.</summary>
    public void LetAllExpire()
    {
        for (int i = 0; i < _submitted.Count; i++)
        {
            if (IsServed(_submitted[i]))
                continue;
            _submitted[i] = _submitted[i] with { Fate = Fate.MayCommit };
            stage.Invariants.Submitted[_submitted[i].Id] = Fate.MayCommit;
        }
        _shared = $"shared-{++_nights}";
        Array.Clear(_versions);
    }

    /// <summary>Somebody hands in once more what was recorded long ago.</summary>
    public void Repeat()
    {
        if (_submitted.Count > 0)
            stage.Nodes[stage.Rng.Below(stage.Nodes.Count)].Submit(_submitted[stage.Rng.Below(_submitted.Count)].Transaction);
    }

    /// <summary>One more that must commit, told to all.</summary>
    public void SubmitOneMore()
    {
        SimTransaction transaction = New(
            stage.Rng.Below(stage.Scenario.Founders), $"type-{_submitted.Count}", 0, Fate.Commits);
        _submitted.Add(transaction);
        stage.Invariants.Submitted[transaction.Id] = transaction.Fate;
        stage.Nodes.ForEach(node => node.Submit(transaction.Transaction));
    }

    public override string ToString() => $"{_submitted.Count(t => !IsServed(t))} of {_submitted.Count} not committed";

    private bool IsServed(SimTransaction transaction) =>
        transaction.Fate != Fate.Commits || stage.Invariants.Acknowledged.ContainsKey(transaction.Id);

    private void Submit()
    {
        if (_stopped || _submitted.Count >= stage.Scenario.TransactionsMax)
            return;
        SimTransaction transaction = Next();
        _submitted.Add(transaction);
        stage.Invariants.Submitted[transaction.Id] = transaction.Fate;
        Prng rng = stage.Rng;
        stage.Nodes[rng.Below(stage.Nodes.Count)].Submit(transaction.Transaction);
        stage.After((ulong)rng.Between(1, stage.Scenario.SubmitEveryMs * 2) * 1_000, Submit);
    }

    private SimTransaction Next()
    {
        Prng rng = stage.Rng;
        int department = rng.Below(stage.Scenario.Founders);
        int number = _submitted.Count;
        int shared = rng.Below(SharedTypes);
        int what = rng.Below(20);
        switch (what)
        {
            // Where snapshots are fetched, their state is small beside the blocks.
            case var _ when what < (stage.Scenario.Snapshots ? 15 : 6): // its owner's next version: it may well arrive before the one that it follows
                return New(
                    shared % stage.Scenario.Founders, $"{_shared}-{shared}", _versions[shared]++, Fate.Commits);
            case 6:
                return New(department, $"rival-{number}", 7, Fate.NeverCommits);
            case 7 when number > 0 && _submitted[^1].Fate != Fate.NeverCommits: // rivals for a version
                SimTransaction first = _submitted[^1];
                GovChain.Protos.V1.DefineType define = first.Transaction.Body.DefineType;
                if (define.Type.StartsWith("shared", StringComparison.Ordinal))
                    break;
                _submitted[^1] = first with { Fate = Fate.MayCommit };
                stage.Invariants.Submitted[first.Id] = Fate.MayCommit;
                return New(department, define.Type, define.ExpectedVersion, Fate.MayCommit);
        }
        return New(department, $"type-{number}", 0, Fate.Commits);
    }

    private SimTransaction New(int department, string type, ulong version, Fate fate) =>
        new(stage.Chain.Define(department, stage.UtcMs, type, version), fate);

    /// <summary>While things go wrong a node now and then, afterwards f+1 each time: one of them is honest.</summary>
    private void AskAgain()
    {
        foreach (SimTransaction transaction in _submitted)
        {
            if (IsServed(transaction))
                continue;
            int asked = _stopped ? Quorum.Weak(stage.Scenario.Validators) : stage.Rng.Chance(100) ? 1 : 0;
            int first = stage.Rng.Below(stage.Nodes.Count);
            for (int i = 0; i < asked; i++)
                stage.Nodes[(first + i) % stage.Nodes.Count].Submit(transaction.Transaction);
        }
        stage.After(AskAgainUs, AskAgain);
    }
}
