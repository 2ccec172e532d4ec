using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>Catching up: <see cref="CatchUp"/> decides, this asks, waits and stores.</content>
internal sealed partial class SimulatedNode
{
    /// <summary>How long a peer is waited for, microseconds.</summary>
    public const ulong BlocksTimeoutUs = 500_000;

    // In production many more: here a few are to be several ranges.
    private const int BlocksPerResponse = 5;

    private readonly Queue<CertifiedBlock> _fetched = [];
    private CatchUp _catchUp;
    private RangeFetch? _fetch;
    private (int Validator, string? Complaint)? _range;
    private bool _catchingUp;
    private ulong _saidAhead;

    /// <summary>Makes catch-up forget whom it passed over; a restart does.</summary>
    private CatchUp NewCatchUp() => new(_stage.Chain.ChainId, _config.Validators, _stage.Keys);

    private void FetchBlocks(ulong upTo, int hint)
    {
        _catchUp.Need(upTo, hint);
        if (!_catchingUp)
            FetchRange();
    }

    private void FetchRange() => FetchRange(orSnapshot: true);

    /// <summary>The next range: one that was fetched while the last was executed, or else it is asked for now.</summary>
    private void FetchRange(bool orSnapshot)
    {
        _catchingUp = Ledger.Height < _catchUp.Target && Ledger.Tip.Header.NextValidatorSetHash == _config.Validators.Hash;
        if (!_catchingUp)
        {
            _fetch = null;
            return;
        }
        if (_fetch is null)
        {
            if (orSnapshot && LooksForSnapshot())
                return;
            _saidAhead = 0;
            BeginFetch(Ledger.Height + 1);
        }
        else if (_fetch.IsOver)
            TakeRange();
    }

    private void BeginFetch(ulong firstHeight)
    {
        int[] others = _stage.Scenario.Snapshots ? Others() : [.. Enumerable.Range(0, _config.Validators.Count).Where(i => i != Index)];
        _fetch = new RangeFetch(firstHeight, _catchUp.Sources(others, MonotonicMs));
        AskNextSource(_fetch);
    }

    private void AskNextSource(RangeFetch fetch)
    {
        if (!fetch.TryNext())
        {
            if (_range is null)
                TakeRange();
            return;
        }
        int validator = fetch.Asked;
        _stage.Send(this, validator, new BlockRequest(fetch.FirstHeight));
        Later(BlocksTimeoutUs, () =>
        {
            if (_fetch == fetch && !fetch.IsOver && fetch.Asked == validator)
                Judge(fetch, null);
        });
    }

    private void Judge(RangeFetch fetch, BlockResponse? answer)
    {
        int validator = fetch.Asked;
        (ulong, int, ulong, ulong)? said =
            answer is null ? null : (answer.First, answer.Blocks.Count, answer.TipHeight, answer.WholeFrom);
        if (!CatchUp.HasBlocks(fetch.FirstHeight, said, out string? complaint))
        {
            if (complaint is not null)
                PassOver(validator, complaint);
            AskNextSource(fetch);
            return;
        }
        fetch.Given(answer!);
        if (_range is null)
            TakeRange();
    }

    /// <summary>Executes the range that has come, and has the next one fetched meanwhile.</summary>
    private void TakeRange()
    {
        RangeFetch fetch = _fetch!;
        _fetch = null;
        if (fetch.Answer is not { } answer || !CatchUp.Follows(fetch.FirstHeight, Ledger.Height))
        {
            Later(CatchUp.PauseMs * 1_000, FetchRange);
            return;
        }
        if (Ledger.Tip.Header.NextValidatorSetHash != _config.Validators.Hash)
            return; // the next epoch goes on
        IReadOnlyList<CertifiedBlock> chain = _catchUp.Believe(fetch.FirstHeight, answer.Blocks, out string? complaint);
        foreach (CertifiedBlock block in chain)
            _fetched.Enqueue(block);
        _range = (fetch.Asked, complaint);
        if (_stage.Scenario.Snapshots && _catchUp.After(fetch.FirstHeight, answer.Blocks.Count) is { } next)
            BeginFetch(next);
        StoreFetched();
    }

    private void PassOver(int validator, string complaint)
    {
        _stage.Chart?.Event(this, 'x', $"passes {validator} over: it {complaint}");
        _stage.Invariants.OnPassedOver(this, validator, complaint);
        _stage.OnPassedOver(this, validator);
        _catchUp.PassOver(validator, MonotonicMs);
    }

    private void ServeBlocks(int from, BlockRequest request)
    {
        if (_adversary is { Withholds: true })
        {
            _stage.Faults.Add(FaultKind.Withholding);
            return;
        }
        var blocks = new List<FetchedBlock>();
        for (ulong h = request.First; h >= Ledger.FirstWhole && h <= Ledger.Height && blocks.Count < BlocksPerResponse; h++)
            blocks.Add(FetchedOf(_adversary?.Spoil(Ledger.Blocks[(int)h]) ?? Ledger.Blocks[(int)h]));
        var answer = new BlockResponse(request.First, blocks, Ledger.Height, Ledger.FirstWhole, request.Id);
        _stage.Send(this, from, _adversary?.Spoil(answer) ?? answer);
    }

    private void TakeBlocks(int from, BlockResponse response)
    {
        if (response.Id > 0)
            Take(response.Id, response);
        else if (_fetch is { IsOver: false } fetch && fetch.Asked == from && response.First == fetch.FirstHeight)
            Judge(fetch, response);
    }

    /// <summary>Executes and stores the next fetched block; after the last of them asks for more.</summary>
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
            if (_catchUp.Execute(Ledger.View, next, Verify, out string? complaint) is { } executed)
            {
                Store(executed, next.Certificate);
                return; // goes on when it is stored
            }
            range.Complaint = complaint;
            break;
        }
        _fetched.Clear();
        _range = null;
        if (range.Complaint is { } lie)
        {
            PassOver(range.Validator, lie);
            _fetch = null; // it may not connect any more
        }
        FetchRange();
    }

    private VerifiedTransaction?[] Verify(IReadOnlyList<Transaction> transactions) =>
        VerifiedTransaction.VerifyAll(transactions, _stage.Keys);

    private void ForgetCatchUp()
    {
        _catchUp = NewCatchUp();
        _fetched.Clear();
        _fetch = null;
        _range = null;
        _catchingUp = false;
        _saidAhead = 0;
    }

    /// <summary>A range that is asked for, of one source after the other.</summary>
    private sealed class RangeFetch(ulong firstHeight, IReadOnlyList<int> sources)
    {
        private int _next;

        public ulong FirstHeight => firstHeight;

        /// <summary>Who is asked now; in the end who gave the answer.</summary>
        public int Asked { get; private set; } = -1;

        /// <summary>The blocks, once they are here.</summary>
        public BlockResponse? Answer { get; private set; }

        /// <summary>It has come, or nobody is left to ask.</summary>
        public bool IsOver => Answer is not null || _next > sources.Count;

        /// <summary>Goes on to the next source; false where there is none.</summary>
        public bool TryNext()
        {
            bool any = _next < sources.Count;
            Asked = any ? sources[_next] : -1;
            _next++;
            return any;
        }

        public void Given(BlockResponse answer) => Answer = answer;
    }
}
