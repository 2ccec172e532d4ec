using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>Catching up and following: <see cref="CatchUp"/> and <see cref="Following"/> decide, this asks, waits and stores.</content>
internal sealed partial class SimulatedNode
{
    // In production many more: here a few are to be several ranges.
    private const int BlocksPerResponse = 5;

    private readonly Queue<CertifiedBlock> _fetched = [];
    private Following _following;
    private BlockSources<int> _known = new(); // until the process ends
    private RangeFetch? _fetch;
    private (BlocksQuestion Given, string? Complaint, bool IsFollowed)? _range;
    private bool _catchingUp;

    private CatchUp Proven => _following.CatchUp;

    private bool IsEpochOver => Ledger.Tip.Header.NextValidatorSetHash != _config.Validators.Hash;

    /// <summary>Makes catch-up forget how far others are, and not how they answered.</summary>
    private Following NewFollowing() =>
        new(new CatchUp(_stage.Chain.ChainId, _config.Validators, _stage.Keys, _known.Of), _config.Validators.Count);

    private void FetchBlocks(ulong upTo, int hint)
    {
        Proven.Need(upTo, hint);
        WakeCatchUp();
    }

    /// <summary>Somebody seems to be in a later epoch, which nothing here can prove.</summary>
    private void Follow(ulong height, int from)
    {
        _following.Say(from, height);
        WakeCatchUp();
    }

    private void WakeCatchUp()
    {
        if (!_catchingUp)
            GoOn();
    }

    /// <summary>Follows somebody, or takes the next range: one that was fetched while the last was executed, or else it is asked for
    /// now.</summary>
    private void GoOn()
    {
        _catchingUp = false;
        BlocksQuestion? ahead = IsEpochOver || _fetch is not null ? null : _following.Next(Others(), Ledger.Height, MonotonicMs);
        bool lacks = Ledger.Height < Proven.Target && !IsEpochOver;
        _catchingUp = ahead is not null || lacks;
        if (ahead is not null)
            Follow(ahead);
        else if (!lacks)
            _fetch = null;
        else if (_fetch is null)
            TrySnapshot(Lag, BeginNext);
        else if (_fetch.IsOver)
            TrySnapshot(Lag, TakeRange);
    }

    private void BeginNext()
    {
        if (IsEpochOver || Ledger.Height >= Proven.Target)
            GoOn();
        else
            BeginFetch(Ledger.Height + 1);
    }

    private void BeginFetch(ulong firstHeight)
    {
        RangeFetch fetch = _fetch = new RangeFetch(firstHeight);
        Ask(Questions(fetch), () =>
        {
            fetch.IsOver = true;
            if (_fetch == fetch && _range is null)
                GoOn();
        });
    }

    private IEnumerable<LedgerQuestion> Questions(RangeFetch fetch)
    {
        foreach (int source in Proven.Sources(Others(), MonotonicMs))
        {
            BlocksQuestion question = Proven.Ask(source, fetch.FirstHeight);
            yield return question;
            if (Proven.Take(question, MonotonicMs, out string? complaint))
            {
                fetch.Given = question;
                yield break;
            }
            if (complaint is not null)
                PassedOver(source, complaint);
        }
    }

    /// <summary>Executes the range that has come, and has the next one fetched meanwhile.</summary>
    private void TakeRange()
    {
        RangeFetch fetch = _fetch!;
        _fetch = null;
        if (fetch.Given is not { } given || !CatchUp.Follows(fetch.FirstHeight, Ledger.Height))
        {
            Later(CatchUp.PauseMs * 1_000, GoOn);
            return;
        }
        Believe(given, isFollowed: false);
        if (!IsEpochOver && Proven.After(fetch.FirstHeight, given.Answer!.Blocks.Count) is { } next)
            BeginFetch(next);
        StoreFetched();
    }

    private void Believe(BlocksQuestion given, bool isFollowed)
    {
        string? complaint = null;
        if (!IsEpochOver)
        {
            foreach (CertifiedBlock block in Proven.Believe(given.FirstHeight, given.Answer!.Blocks, out complaint))
                _fetched.Enqueue(block);
        }
        _range = (given, complaint, isFollowed);
    }

    private void Follow(BlocksQuestion ahead)
    {
        _stage.Invariants.OnFollows(this, ahead.Source);
        Ask([ahead], () =>
        {
            _stage.Invariants.OnFollowed(this, ahead, _following.SaidBy(ahead));
            bool given = _following.Take(ahead, MonotonicMs, out string? complaint);
            ulong said = _following.SaidBy(ahead);
            if (complaint is null && said > Ledger.Height)
                TrySnapshot(said - Ledger.Height, () => TakeFollowed(ahead, given, null), ahead.Source);
            else
                TakeFollowed(ahead, given, complaint);
        });
    }

    private void TakeFollowed(BlocksQuestion ahead, bool given, string? complaint)
    {
        if (given)
        {
            Believe(ahead, isFollowed: true);
            StoreFetched();
            return;
        }
        if (complaint is not null)
            PassedOver(ahead.Source, complaint);
        _following.Stored(ahead, Ledger.Height, lied: complaint is not null);
        GoOn();
    }

    private void PassedOver(int source, string complaint)
    {
        _stage.Chart?.Event(this, 'x', $"passes {source} over: it {complaint}");
        _stage.Invariants.OnPassedOver(this, source, complaint);
        _stage.OnPassedOver(this, source);
    }

    private void ServeBlocks(int from, BlockRequest request)
    {
        if (_adversary is { Withholds: true })
        {
            _stage.Faults.Add(FaultKind.Withholding);
            return;
        }
        var blocks = new List<FetchedBlock>();
        for (ulong h = request.First; h >= Ledger.FirstWhole && h <= Ledger.Height && blocks.Count < Math.Min(request.Count, BlocksPerResponse); h++)
            blocks.Add(FetchedOf(_adversary?.Spoil(Ledger.Blocks[(int)h]) ?? Ledger.Blocks[(int)h]));
        var answer = new BlockResponse(request.First, blocks, Ledger.Height, Ledger.FirstWhole, request.Id);
        _adversary?.OnAsked(from);
        Later(_adversary?.LateUs(BlocksTimeoutUs) ?? 0, () => _stage.Send(this, from, _adversary?.Spoil(answer) ?? answer));
    }

    /// <summary>Executes and stores the next fetched block; after the last of them goes on.</summary>
    private void StoreFetched()
    {
        if (_storing is not null || _range is not { } range)
            return;
        while (_fetched.TryDequeue(out CertifiedBlock? next))
        {
            if (next.Header.Height <= Ledger.Height)
                continue;
            if (next.Header.ParentHash != Ledger.Tip.Block.Hash)
                break;
            if (Proven.Execute(Ledger.View, next, Verify, out string? complaint) is { } executed)
            {
                Store(executed, next.Certificate);
                return; // goes on when it is stored
            }
            range.Complaint = complaint;
            break;
        }
        _fetched.Clear();
        _range = null;
        int source = range.Given.Source;
        bool wasLast = false;
        if (range.Complaint is { } lie)
        {
            wasLast = Proven.PassOver(source, MonotonicMs);
            PassedOver(source, lie);
            _fetch = null; // it may not connect any more
        }
        if (range.IsFollowed)
            _following.Stored(range.Given, Ledger.Height, lied: range.Complaint is not null);
        if (wasLast)
            Later(CatchUp.PauseMs * 1_000, GoOn);
        else
            GoOn();
    }

    private VerifiedTransaction?[] Verify(IReadOnlyList<Transaction> transactions) =>
        VerifiedTransaction.VerifyAll(transactions, _stage.Keys);

    private void ForgetCatchUp()
    {
        _following = NewFollowing();
        _fetched.Clear();
        _fetch = null;
        _range = null;
        _catchingUp = false;
    }

    /// <summary>A range that is asked for, of one source after the other.</summary>
    private sealed class RangeFetch(ulong firstHeight)
    {
        public ulong FirstHeight => firstHeight;

        /// <summary>The question that was answered with blocks.</summary>
        public BlocksQuestion? Given { get; set; }

        /// <summary>Blocks have come, or nobody is left to ask.</summary>
        public bool IsOver { get; set; }
    }
}
