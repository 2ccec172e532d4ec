using System.Numerics;
using System.Text;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;

namespace GovChain.Tests.Simulation;

/// <summary>How far the model goes.</summary>
/// <param name="Leaders">Who leads each view; 0 is the hostile validator. As many as there are views.</param>
/// <param name="SettleEvery">Of how many states one is settled: everything is delivered and the hostile one silent; 0: none.</param>
internal sealed record ModelScope(IReadOnlyList<int> Leaders, int SettleEvery = 0)
{
    public override string ToString() =>
        string.Concat(Leaders.Select(l => l == ModelWorld.Hostile ? "H" : $"{l}"));
}

/// <summary>What was found.</summary>
internal sealed class ModelReport
{
    public required ModelScope Scope { get; init; }

    /// <summary>Different states of the whole model.</summary>
    public int States { get; set; }

    /// <summary>Steps between them, those that lead to a known one included, those that change nothing not.</summary>
    public long Transitions { get; set; }

    /// <summary>The longest of the shortest ways to a state.</summary>
    public int Depth { get; set; }

    /// <summary>Different states of one validator, all three together.</summary>
    public int LocalStates { get; set; }

    /// <summary>Steps that were run on production cores.</summary>
    public long CoreSteps { get; set; }

    /// <summary>Steps run again after another history, with the same outcome.</summary>
    public long Compared { get; set; }

    /// <summary>Hostile proposals that verification judged, and that it passed.</summary>
    public (long Tried, long Passed) Proposals { get; set; }

    /// <summary>States in which some block is decided; in which one is so in two views.</summary>
    public (int Once, int Twice) Decided { get; set; }

    /// <summary>States that were settled, and the longest time that took, milliseconds of the protocol.</summary>
    public (int States, ulong LongestMs) Settled { get; set; }

    /// <summary>Which promise is broken and how; null: none.</summary>
    public string? Failure { get; set; }

    /// <summary>The steps that lead there.</summary>
    public IReadOnlyList<string> Trace { get; set; } = [];

    public override string ToString() => Failure is null
        ? $"{Scope}: {States} states, {Transitions} transitions, depth {Depth}; {LocalStates} states of a validator, {CoreSteps} steps "
            + $"of production cores, {Compared} compared; of {Proposals.Tried} hostile proposals {Proposals.Passed} passed; decided in "
            + $"{Decided.Once} states, twice in {Decided.Twice}; {Settled.States} settled, in at most {Settled.LongestMs} ms"
        : $"{Scope}: {Failure}\n  {string.Join("\n  ", Trace)}";
}

/// <summary>
/// Every state that three honest production cores and one hostile validator can come to at one height, in as many views as the scope
/// has, whatever the order and choice of deliveries, timeouts and restarts, breadth first.
/// </summary>
/// <remarks>
/// What bounds it, and why nothing is lost by it (docs/TESTING.md, "The view change as a model"):
/// (1) the network is a set that only grows, so a state is what the honest validators have come to;
/// (2) votes come as all that were sent for a block in a view, view changes in pairs, and only when they cause something: a vote or a
/// view change that causes nothing can as well come later, with the one that does;
/// (3) states of one validator that differ in such needless knowledge, in whose votes a certificate holds, or in counters, are one
/// (<see cref="ModelCore.Key"/>; <see cref="ModelValidator.Compare"/> runs every step after a second history, too);
/// (4) Commits are not delivered: who has decided says nothing more, and may as well have heard nothing. Whether there is a
/// certificate is asked of all Commits that were sent;
/// (5) whom the validators accuse is not looked at: histories of different runs are put together;
/// (6) no honest validator leaves the last view.
/// </remarks>
internal sealed class ModelExplorer
{
    private readonly ModelScope _scope;
    private readonly ModelWorld _world;
    private readonly ModelAdversary _adversary;
    private readonly ModelValidator[] _validators;
    private readonly ModelReport _report;
    private readonly HashSet<ulong> _known = [];
    private readonly List<ulong> _states = [];
    private readonly List<int> _from = [];
    private readonly HashSet<(int View, int Block, int Signers)> _certified = [];
    private readonly List<Move> _moves = [];
    private readonly List<Said> _asked = [];

    private ModelExplorer(ModelScope scope)
    {
        _scope = scope;
        _world = new ModelWorld(scope.Leaders);
        _adversary = new ModelAdversary(_world);
        _validators = [.. Enumerable.Range(1, ModelPosition.Honest).Select(i => new ModelValidator(_world, i))];
        _report = new ModelReport { Scope = scope };
    }

    /// <param name="progress">Told of states looked at, and of how many are known.</param>
    public static ModelReport Run(ModelScope scope, Action<int, int>? progress = null)
    {
        ModelExplorer explorer;
        try
        {
            explorer = new ModelExplorer(scope);
        }
        catch (InvariantException e)
        {
            return new ModelReport { Scope = scope, Failure = e.Message };
        }
        explorer.Explore(progress);
        return explorer._report;
    }

    private ModelPosition PositionOf(ulong packed) => new(
        _validators[0].States[ModelPosition.IdOf(packed, 1)], _validators[1].States[ModelPosition.IdOf(packed, 2)],
        _validators[2].States[ModelPosition.IdOf(packed, 3)]);

    private void Explore(Action<int, int>? progress)
    {
        var initial = new ModelPosition(_validators[0].Initial, _validators[1].Initial, _validators[2].Initial);
        Add(initial.Packed, -1);
        int next = 0;
        int endOfLevel = 1;
        try
        {
            for (; next < _states.Count; next++)
            {
                if (next == endOfLevel)
                {
                    _report.Depth++;
                    endOfLevel = _states.Count;
                }
                ModelPosition at = PositionOf(_states[next]);
                Check(at);
                for (int i = 1; i <= ModelPosition.Honest; i++)
                    Step(next, at, i);
                if (_scope.SettleEvery > 0 && next % _scope.SettleEvery == 0)
                {
                    ulong ms = ModelSettling.Run(_world, at, _validators);
                    _report.Settled = (_report.Settled.States + 1, Math.Max(_report.Settled.LongestMs, ms));
                }
                progress?.Invoke(next, _states.Count);
            }
        }
        catch (InvariantException e)
        {
            _report.Failure = e.Message;
            _report.Trace = TraceTo(next);
        }
        // Also after a failure, which is none if the model is no good.
        _report.Compared = _validators.Sum(static v => v.Compare());
        _report.States = _states.Count;
        _report.LocalStates = _validators.Sum(static v => v.States.Count);
        _report.CoreSteps = _validators.Sum(static v => v.Steps);
        _report.Proposals = (_adversary.Tried, _adversary.Passed);
    }

    private void Add(ulong packed, int from)
    {
        if (!_known.Add(packed))
            return;
        _states.Add(packed);
        _from.Add(from);
    }

    private void Step(int index, in ModelPosition at, int self)
    {
        ulong provable = _adversary.Provable(at);
        ModelPosition position = at;
        _moves.Clear();
        _moves.Add(new Move(MoveKind.Restart));
        FindMoves(at, self, provable);
        foreach (Move move in _moves)
        {
            ModelState after = After(position, self, move, provable);
            if (after == at[self])
                continue;
            _report.Transitions++;
            Add(at.With(self, after).Packed, index);
        }
    }

    private ModelState After(ModelPosition at, int self, Move move, ulong provable)
    {
        try
        {
            return _validators[self - 1].After(at[self], move, () => StimuliOf(move, at, self, provable));
        }
        catch (InvariantException e)
        {
            throw new InvariantException(e.Invariant, $"{e.Message[(e.Invariant.Length + 2)..]}, when {self} {move}");
        }
    }

    private void FindMoves(in ModelPosition at, int self, ulong provable)
    {
        ModelState state = at[self];
        int view = state.View;
        if (state.IsBuilding)
            _moves.Add(new Move(MoveKind.Built));
        if (state.IsSigning)
            _moves.Add(new Move(MoveKind.Signed));
        if (state.Prepared[view] is var block and >= 0 && state.Committed[view] < 0 && !state.IsSigning)
        {
            int signers = at.SignersOf(VoteType.Prepare, view, block) & ~(1 << self) | 1 << ModelWorld.Hostile;
            _moves.Add(new Move(MoveKind.Prepares, new Said(signers)));
        }
        // A second proposal ends a view as a timeout does: tried in view 0 only.
        for (int w = state.HasProposal && view > 0 ? view + 1 : view; w < _world.Views; w++)
            FindProposals(at, self, w, provable);
        FindViewChanges(at, self, provable);
    }

    private void FindProposals(in ModelPosition at, int self, int view, ulong provable)
    {
        int leader = _world.Leaders[view];
        if (leader == self)
            return;
        if (leader != ModelWorld.Hostile)
        {
            if (at[leader].Proposed[view] is var block and >= 0)
                _moves.Add(new Move(MoveKind.Proposal, new Said(VoteType.Propose, leader, view, block)));
            return;
        }
        foreach ((int block, _) in _adversary.Proposals(view, at, provable))
            _moves.Add(new Move(MoveKind.Proposal, new Said(VoteType.Propose, leader, view, block)));
    }

    /// <summary>Pairs of view changes of two others for views from this one on; what the hostile one claims matters to a leader only.
    /// </summary>
    private void FindViewChanges(in ModelPosition at, int self, ulong provable)
    {
        int view = at[self].View;
        bool isLast = view + 1 >= _world.Views;
        if (view == 0 && !isLast)
            _moves.Add(new Move(MoveKind.Timer));
        _asked.Clear();
        for (int w = Math.Max(view, 1); w < _world.Views; w++)
        {
            for (int other = 1; other <= ModelPosition.Honest; other++)
            {
                if (other != self && at[other].Asked[w] is { } said)
                    _asked.Add(said);
            }
            if (_world.Leaders[w] == self)
                _asked.AddRange(ModelAdversary.ViewChanges(w, provable));
            else
                _asked.Add(new Said(VoteType.ViewChange, ModelWorld.Hostile, w, -1));
        }
        bool mayLead = view > 0 && _world.Leaders[view] == self && !at[self].HasProposal;
        foreach (Said a in _asked)
        {
            foreach (Said b in _asked)
            {
                if (a.Signer == b.Signer)
                    continue;
                if (mayLead || (a.View > view && b.View > view))
                    _moves.Add(new Move(MoveKind.ViewChanges, a, b));
                if (view > 0 && !isLast && !(a.View > view && b.View > view) && a.Signer < b.Signer)
                    _moves.Add(new Move(MoveKind.Timer, a, b));
            }
        }
    }

    private List<Stimulus> StimuliOf(Move move, in ModelPosition at, int self, ulong provable)
    {
        switch (move.Kind)
        {
            case MoveKind.Proposal:
                return [new Stimulus(move.Kind, ProposalOf(move.A, at, provable))];
            case MoveKind.Prepares:
                var prepares = new List<Stimulus>();
                for (int i = 0; i < ModelWorld.Validators; i++)
                {
                    var said = new Said(VoteType.Prepare, i, at[self].View, at[self].Prepared[at[self].View]);
                    if ((move.A.Bits & (1 << i)) != 0)
                        prepares.Add(Heard(i, _world.VoteMessageOf(said)));
                }
                return prepares;
            case MoveKind.ViewChanges:
            case MoveKind.Timer when move.A.Bits != 0:
                List<Stimulus> stimuli = [Heard(move.A.Signer, MessageOf(move.A, at)), Heard(move.B.Signer, MessageOf(move.B, at))];
                if (move.Kind == MoveKind.Timer)
                    stimuli.Add(new Stimulus(MoveKind.Timer, View: at[self].View));
                return stimuli;
            default:
                return [new Stimulus(move.Kind)];
        }
    }

    private VerifiedMessage ProposalOf(Said said, in ModelPosition at, ulong provable)
    {
        if (said.Signer != ModelWorld.Hostile)
            return Heard(said.Signer, MessageOf(said, at)).Message!;
        foreach ((int block, VerifiedMessage message) in _adversary.Proposals(said.View, at, provable))
        {
            if (block == said.Block)
                return message;
        }
        throw new InvalidOperationException($"{said} was never found.");
    }

    private ConsensusMessage MessageOf(Said said, in ModelPosition at) =>
        said.Signer == ModelWorld.Hostile ? _adversary.Message(said, at) : at[said.Signer].Messages[said];

    private Stimulus Heard(int from, ConsensusMessage message) => new(MoveKind.Proposal, _world.Verify(from, message)
        ?? throw new InvariantException("codec", $"verification refuses the {message.GetType().Name} that {from} has sent"));

    /// <summary>Agreement, and what makes for it: what may be decided is carried into every later view.</summary>
    private void Check(in ModelPosition at)
    {
        int decided = -1;
        int times = 0;
        for (int view = 0; view < _world.Views; view++)
        {
            for (int block = 0; block < ModelWorld.Blocks; block++)
            {
                int signers = at.SignersOf(VoteType.Commit, view, block);
                if (signers == 0 || BitOperations.PopCount((uint)signers) + 1 < _world.QuorumSize || !IsCertified(view, block, signers))
                    continue;
                times++;
                if (decided >= 0 && decided != block)
                    throw new InvariantException("I1", $"{ModelWorld.NameOf(decided)} and {ModelWorld.NameOf(block)} are both decided");
                decided = block;
                CheckCarried(at, view, block);
            }
        }
        if (times > 0)
            _report.Decided = (_report.Decided.Once + 1, _report.Decided.Twice + (times > 1 ? 1 : 0));
    }

    private static void CheckCarried(in ModelPosition at, int view, int block)
    {
        for (int i = 1; i <= ModelPosition.Honest; i++)
        {
            for (int later = view + 1; later < at[i].Prepared.Length; later++)
            {
                if (at[i].Prepared[later] is var other and >= 0 && other != block)
                {
                    throw new InvariantException("carried",
                        $"{ModelWorld.NameOf(block)} is decided in view {view}, and {i} prepares {ModelWorld.NameOf(other)} in view {later}");
                }
            }
        }
    }

    /// <summary>Whether these Commits and the hostile one's make a certificate: the auditor's code says so.</summary>
    private bool IsCertified(int view, int block, int signers)
    {
        if (_certified.Contains((view, block, signers)))
            return true;
        var signatures = new List<ValidatorSignature>();
        for (int i = 0; i < ModelWorld.Validators && signatures.Count < _world.QuorumSize; i++)
        {
            if (i == ModelWorld.Hostile || (signers & (1 << i)) != 0)
                signatures.Add(new ValidatorSignature((ushort)i, _world.Sign(i, _world.VoteOf(new Said(VoteType.Commit, i, view, block)))));
        }
        var certificate = new Certificate(VoteType.Commit, 0, 1, (uint)view, _world.HashOf(block), signatures);
        bool isCertified = CertificateVerifier.Verify(
            _world.Block(block).Header, certificate, _world.Set, _world.Keys) == CertificateFailure.None;
        if (isCertified)
            _certified.Add((view, block, signers));
        return isCertified;
    }

    /// <summary>One shortest way to a state, by what each validator did.</summary>
    private List<string> TraceTo(int index)
    {
        var trace = new List<string>();
        for (; _from[index] >= 0; index = _from[index])
        {
            ModelPosition before = PositionOf(_states[_from[index]]);
            ModelPosition after = PositionOf(_states[index]);
            for (int i = 1; i <= ModelPosition.Honest; i++)
            {
                if (before[i] != after[i])
                    trace.Add($"{i} {before[i].After.First(s => s.Value.State == after[i]).Key}");
            }
        }
        trace.Reverse();
        return trace;
    }
}
