using System.Globalization;

namespace GovChain.Tests.Simulation;

/// <summary>What the command line asks for.</summary>
internal sealed record CommandLine
{
    public const string Usage =
        """
        usage: dotnet run -c Release --project tests/Simulation -- [what] [limits] [--json]

          --seeds N           run N seeds on all cores (500 by default, at most 10,000,000) ...
          --from SEED         ... from this one on (1 by default)
          --trace SEED        draw the run as a message chart
          --shrink SEED       make a failing run smaller and print the line that runs it
          --play NAME         draw a transcript (tests/Simulation/Transcripts) as a message chart; "all" only plays them
          --mutations         every field of every message of a run changed, one at a time, in every way that makes sense
          --twins             two processes with one key: every leader and every split of the network in two views
          --twins-scenario X  draw one of these as a message chart; X as a failure names it
          --journal           200 blocks; validators restarted at every record of their journals, before and after its sync
          --model             four validators, one of them hostile, one height, two views and three: every order and choice of
                              deliveries and timeouts
          --sizes             bytes and messages per block, and the largest view change, of 50 validators

          --validators N      so many validators, whatever the seed says
          --without A,B       leave these faults out: the names in the report
          --duration-ms N     let things go wrong for at most so long
          --transactions N    submit at most so many transactions
          --changes           the validators change in the course of the run: the last one comes and goes, keys are replaced
          --snapshots         many blocks, nights in which what was recorded expires, and nodes that miss them and join by snapshot
          --ecdsa             with real signatures
          --json              the report as JSON

        Limits go with seeds, --trace and --shrink; --sizes takes --validators. What is drawn or made smaller is no report: no --json.

        Exit code 0: all promises kept; 1: one was broken; 2: the command line is wrong.
        """;

    private static readonly string[] OfLimits =
        ["--validators", "--without", "--duration-ms", "--transactions", "--changes", "--snapshots", "--ecdsa"];

    /// <summary>What can be done instead of running seeds, and what each of these takes; the rest it would ignore.</summary>
    private static readonly Dictionary<string, string[]> Takes = new()
    {
        ["--trace"] = OfLimits,
        ["--shrink"] = OfLimits,
        ["--play"] = [],
        ["--mutations"] = ["--json"],
        ["--twins"] = ["--json"],
        ["--twins-scenario"] = [],
        ["--journal"] = ["--json"],
        ["--model"] = ["--json"],
        ["--sizes"] = ["--validators", "--json"],
    };

    public int Seeds { get; private init; } = 500;

    public ulong From { get; private init; } = 1;

    public ulong? Trace { get; private init; }

    public ulong? Shrink { get; private init; }

    public string? Play { get; private init; }

    public bool Sizes { get; private init; }

    public TwinsScenario? Twins { get; private init; }

    /// <summary>A part to try in full; null: none.</summary>
    public ExhaustivePart? Exhaustive { get; private init; }

    public bool Json { get; private init; }

    public bool Help { get; private init; }

    public ScenarioLimits Limits { get; private init; } = ScenarioLimits.None;

    /// <summary>Null, with what is wrong, where it cannot be read or a part of it would be ignored.</summary>
    public static CommandLine? TryParse(IReadOnlyList<string> args, out string? error)
    {
        var parsed = new CommandLine();
        var given = new List<string>();
        for (int i = 0; i < args.Count; i++)
        {
            string option = args[i];
            CommandLine? next = option switch
            {
                "--json" => parsed with { Json = true },
                "--sizes" => parsed with { Sizes = true },
                "--mutations" => parsed with { Exhaustive = ExhaustivePart.Mutations },
                "--twins" => parsed with { Exhaustive = ExhaustivePart.Twins },
                "--journal" => parsed with { Exhaustive = ExhaustivePart.Journal },
                "--model" => parsed with { Exhaustive = ExhaustivePart.Model },
                "--changes" => parsed with { Limits = parsed.Limits with { Changes = true } },
                "--snapshots" => parsed with { Limits = parsed.Limits with { Snapshots = true } },
                "--ecdsa" => parsed with { Limits = parsed.Limits with { RealSignatures = true } },
                "-h" or "--help" => parsed with { Help = true },
                _ => i + 1 < args.Count ? parsed.With(option, args[++i]) : null,
            };
            if (next is null)
            {
                error = $"'{option}' is no option, or its value is missing or wrong.";
                return null;
            }
            parsed = next;
            given.Add(option);
        }
        error = parsed.Help ? null : Ignored(given);
        return error is null ? parsed : null;
    }

    private static string? Ignored(List<string> given)
    {
        if (given.Find(o => given.IndexOf(o) != given.LastIndexOf(o)) is { } twice)
            return $"'{twice}' is given twice.";
        if (given.Find(Takes.ContainsKey) is not { } what)
            return null;
        return given.Find(o => o != what && !Takes[what].Contains(o)) is { } ignored ? $"'{what}' does not go with '{ignored}'." : null;
    }

    // Days of all cores; each run's result is kept until the end.
    private const int SeedsMax = 10_000_000;

    private CommandLine? With(string option, string value)
    {
        if (option == "--without")
            return Without(value.Split(',', StringSplitOptions.RemoveEmptyEntries));
        if (option == "--play")
            return this with { Play = value };
        if (option == "--twins-scenario")
            return TwinsScenario.TryParse(value) is { } scenario ? this with { Twins = scenario } : null;
        if (!ulong.TryParse(value, CultureInfo.InvariantCulture, out ulong number))
            return null;
        int small = (int)Math.Min(number, int.MaxValue);
        return option switch
        {
            "--seeds" when small is > 0 and <= SeedsMax => this with { Seeds = small },
            "--from" => this with { From = number },
            "--trace" => this with { Trace = number },
            "--shrink" => this with { Shrink = number },
            "--validators" when small is > 0 and <= 50 => this with { Limits = Limits with { Validators = small } },
            "--duration-ms" => this with { Limits = Limits with { DurationMs = small } },
            "--transactions" => this with { Limits = Limits with { Transactions = small } },
            _ => null,
        };
    }

    private CommandLine? Without(string[] names)
    {
        var kinds = new SortedSet<FaultKind>();
        foreach (string name in names)
        {
            if (FaultCounts.Named(name) is not { } kind)
                return null;
            kinds.Add(kind);
        }
        return this with { Limits = Limits with { Without = kinds } };
    }
}
