using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using SharpFuzz;

namespace GovChain.Tests.Fuzzing;

/// <summary>
/// The product's assemblies once more, rewritten by SharpFuzz so that each branch leaves a trace, beside the ordinary ones and
/// out of their way; and the trace of the input that ran last. One thread at a time.
/// </summary>
internal sealed unsafe class Coverage : IDisposable
{
    private const int MapBytes = 1 << 16;

    /// <summary>Everything in them is traced, but of the node only what reads bytes that come from outside.</summary>
    private static readonly string[] Traced =
        ["GovChain.Core", "GovChain.Consensus", "GovChain.Storage", "GovChain.Client", "GovChain.Protos", "govchain", "GovChain.Tests.Fuzzing"];

    private static readonly string[] TracedOfTheRest =
    [
        "GovChain.Node.Tls.TlsBinding", "GovChain.Node.Tls.KeySuccession", "GovChain.Node.Consensus.JournalFrame", "GovChain.Node.Peers.",
        "GovChain.Tests.Fuzzing.Planted",
    ];

    // By reflection, for SharpFuzz takes an assembly that names this type for one that is rewritten already: ours too.
    private static readonly Type Trace = Type.GetType("SharpFuzz.Common.Trace, SharpFuzz.Common", throwOnError: true)!;
    private static readonly Action ForgetPrevious = Expression.Lambda<Action>(
        Expression.Assign(Expression.Field(null, Trace, "PrevLocation"), Expression.Constant(0))).Compile();

    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-fuzz-").FullName;
    private readonly byte* _map = (byte*)NativeMemory.AllocZeroed(MapBytes);
    private readonly byte[] _seen = new byte[MapBytes];
    private readonly Context _context;

    /// <summary>Rewrites the assemblies, which takes a second or so.</summary>
    public Coverage()
    {
        Trace.GetField("SharedMem")!.SetValue(null, Pointer.Box(_map, typeof(byte*)));
        foreach (string name in Traced)
        {
            string copy = Path.Combine(_directory, name + ".dll");
            File.Copy(Path.Combine(AppContext.BaseDirectory, name + ".dll"), copy);
            Fuzzer.Instrument(copy, IsTraced, Options.Value);
        }
        _context = new Context(_directory);
    }

    /// <summary>A type of this assembly as the traced assemblies know it.</summary>
    public Type TypeOf(Type type) =>
        _context.LoadFromAssemblyName(type.Assembly.GetName()).GetType(type.FullName!, throwOnError: true)!;

    /// <summary>Distinct branches with their classes of counts since <see cref="Forget"/>.</summary>
    public int Features { get; private set; }

    /// <summary>Forgets what was seen: for another target.</summary>
    public void Forget()
    {
        Array.Clear(_seen);
        Features = 0;
        Begin();
    }

    /// <summary>An input is about to run.</summary>
    public void Begin()
    {
        new Span<byte>(_map, MapBytes).Clear();
        ForgetPrevious();
    }

    /// <summary>Whether the input that ran took a branch, or one so often, as none before.</summary>
    public bool IsNew()
    {
        int before = Features;
        var words = new ReadOnlySpan<ulong>(_map, MapBytes / sizeof(ulong));
        for (int w = 0; w < words.Length; w++)
        {
            if (words[w] == 0)
                continue;
            for (int i = w * sizeof(ulong); i < (w + 1) * sizeof(ulong); i++)
            {
                byte feature = ClassOf(_map[i]);
                if ((_seen[i] & feature) == feature)
                    continue;
                _seen[i] |= feature;
                Features++;
            }
        }
        return Features > before;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The map stays: the traced assemblies may still run.
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>One bit for each class of counts, as in AFL: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, more.</summary>
    private static byte ClassOf(byte count) => count switch
    {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 4,
        < 8 => 8,
        < 16 => 16,
        < 32 => 32,
        < 128 => 64,
        _ => 128,
    };

    private static bool IsTraced(string type) =>
        !(type.StartsWith("GovChain.Node.", StringComparison.Ordinal) || type.StartsWith("GovChain.Tests.", StringComparison.Ordinal))
        || TracedOfTheRest.Any(t => type.StartsWith(t, StringComparison.Ordinal));

    /// <summary>Takes the rewritten assemblies from their directory and everything else from where it always comes.</summary>
    private sealed class Context(string directory) : AssemblyLoadContext("traced")
    {
        protected override Assembly? Load(AssemblyName name)
        {
            string path = Path.Combine(directory, name.Name + ".dll");
            // From memory: the directory goes away while the assemblies are in use.
            return File.Exists(path) ? LoadFromStream(new MemoryStream(File.ReadAllBytes(path))) : null;
        }
    }
}
